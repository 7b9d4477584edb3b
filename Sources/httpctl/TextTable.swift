internal import Client

/// Rows of cells, aligned in columns.
enum TextTable {
    /// The lines of a table.
    ///
    /// - Parameters:
    ///   - rows: cells, which are escaped here.
    ///   - widthLimit: a cell of more characters moves the rest of its row, and no other row.
    /// - Returns: a line for each row, without spaces at its end.
    static func lines(_ rows: [[String]], widthLimit: Int = Int.max) -> [String] {
        let rows = rows.map { $0.map { TerminalText.escape($0) } }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                if cell.count <= widthLimit { widths[column] = max(widths[column], cell.count) }
            }
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                cell + String(repeating: " ", count: max(0, widths[column] - cell.count))
            }
            let line = cells.joined(separator: "  ")
            return line.reversed().drop { $0 == " " }.reversed().map(String.init).joined()
        }
    }
}
