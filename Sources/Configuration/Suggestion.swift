/// The candidate that somebody most likely meant by a misspelled word; nil where none is near.
///
/// The distance counts bytes inserted, removed, replaced, or swapped with their neighbour, ignoring
/// the case of ASCII letters. At most a third of the word may differ; of equals the first wins.
func suggestion(for word: String, among candidates: [String]) -> String? {
    let word = Array(word.asciiLowercased.utf8)
    guard word.count <= 64 else { return nil }
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(word, Array(candidate.asciiLowercased.utf8))
        guard distance <= max(1, max(word.count, candidate.utf8.count) / 3) else { continue }
        if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
}

/// The optimal string alignment distance.
func editDistance(_ first: [UInt8], _ second: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...second.count)
    for row in first.indices {
        var current = [row + 1]
        for column in second.indices {
            let isSame = first[row] == second[column]
            var distance = min(
                previous[column] + (isSame ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
            let isSwapped =
                row > 0 && column > 0 && first[row] == second[column - 1]
                && first[row - 1] == second[column]
            if isSwapped { distance = min(distance, beforePrevious[column - 1] + 1) }
            current.append(distance)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[second.count]
}

/// A word of the admin's between quotes, safe for a terminal and not too long.
func quoted(_ text: String) -> String {
    var result = "'"
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < 60 else {
            result += "…"
            break
        }
        count += 1
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default:
            result.unicodeScalars.append(scalar)
        }
    }
    return result + "'"
}
