internal import BasicContainers
internal import HTTP

/// A listing as a page.
///
/// Its text, style and script are the files in `page`.
struct ListingPage {
    let listing: DirectoryListing
    let capabilities: ListingCapabilities
    let siteName: String

    /// The hashes are those of `listing.css` and `listing.js` (`openssl dgst -sha256 -binary FILE |
    /// base64`); a test of the pages compares them.
    static let securityPolicy: StaticString = """
        default-src 'none'; \
        style-src 'sha256-pnBdCPpBJkYISmondzvcRRQDDzU7Gy/qCZeZPCcNj1w='; \
        script-src 'sha256-6s7Q433HBoaCmUJxALWm8Nfeec4HwYY/zk2j6dbhpbQ='; \
        connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'self'
        """

    /// What the page is made of.
    static var resources: [[UInt8]] {
        [
            PackageResources.listing_html, PackageResources.listing_css,
            PackageResources.listing_js, PackageResources.upload_html,
        ]
    }

    /// Entries in a table body.
    ///
    /// The browser lays out those bodies that are in sight. The style knows the number.
    private static let groupCount = 64

    /// Appends what is before the first entry.
    func writeHead(to output: inout Bytes) {
        write(part: 0, to: &output)
    }

    /// Appends what is behind the last entry.
    func writeEnd(to output: inout Bytes) {
        write(part: 1, to: &output)
    }

    /// Appends the text of the page before (0) or behind (1) the entries, with what stands for
    /// `{{name}}`.
    private func write(part: Int, to output: inout Bytes) {
        let text = PackageResources.listing_html
        var number = 0
        var start = 0
        var offset = 0
        while offset < text.count {
            guard text[offset] == 0x7B, text[offset + 1] == 0x7B else {
                offset += 1
                continue
            }
            if number == part { output.append(copying: text.span.extracting(start..<offset)) }
            start = offset + 2
            while text[offset] != 0x7D { offset += 1 }
            let name = text.span.extracting(start..<offset)
            if name.equals("entries") {
                number += 1
            } else if number == part {
                write(name, to: &output)
            }
            offset += 2
            start = offset
        }
        if number == part { output.append(copying: text.span.extracting(start..<text.count)) }
    }

    private func write(_ name: Span<UInt8>, to output: inout Bytes) {
        if name.equals("title") {
            writeTitle(to: &output)
        } else if name.equals("name") {
            writeName(to: &output)
        } else if name.equals("style") {
            append(resource: PackageResources.listing_css, to: &output)
        } else if name.equals("script") {
            append(resource: PackageResources.listing_js, to: &output)
        } else if name.equals("capabilities") {
            writeCapabilities(to: &output)
        } else if name.equals("crumbs") {
            writeCrumbs(to: &output)
        } else if name.equals("summary") {
            writeSummary(to: &output)
        } else if name.equals("columns") {
            writeColumns(to: &output)
        } else if name.equals("up") {
            writeUp(to: &output)
        } else if name.equals("empty") {
            if listing.entryCount == 0 {
                output.append("<p class=\"empty\">This folder is empty.</p>\n")
            }
        } else if name.equals("upload") {
            if capabilities.upload {
                append(resource: PackageResources.upload_html, to: &output)
            }
        } else {
            preconditionFailure("The page names what there is.")
        }
    }

    private func writeTitle(to output: inout Bytes) {
        writeName(to: &output)
        if listing.path.isRoot { return }
        output.append(" · ")
        append(text: siteName, to: &output)
    }

    /// The name of the directory; of the root, that of the site.
    private func writeName(to output: inout Bytes) {
        if listing.path.isRoot {
            append(text: siteName, to: &output)
        } else {
            let name = listing.path.name
            output.append(name.span.extracting(0..<name.count - 1), as: .html)
        }
    }

    /// The directories above, each as a link.
    private func writeCrumbs(to output: inout Bytes) {
        guard !listing.path.isRoot else { return }
        let names = listing.path.bytes.dropLast().split(separator: 0x2F).map { Array($0) }
        for depth in names.indices {
            output.append("<li><a href=\"")
            for _ in depth..<names.count { output.append("../") }
            output.append("\"><bdi>")
            if depth == 0 {
                append(text: siteName, to: &output)
            } else {
                let name = names[depth - 1]
                output.append(name.span, as: .html)
            }
            output.append("</bdi></a></li>")
        }
    }

    private func writeSummary(to output: inout Bytes) {
        let fileCount = listing.entryCount - listing.directoryCount
        if listing.directoryCount > 0 {
            output.append(grouped: listing.directoryCount)
            output.append(listing.directoryCount == 1 ? " folder, " : " folders, ")
        }
        output.append(grouped: fileCount)
        output.append(fileCount == 1 ? " file" : " files")
        if fileCount > 0 {
            output.append(", ")
            output.append(size: listing.byteCount)
        }
    }

    private func writeCapabilities(to output: inout Bytes) {
        if capabilities.upload {
            output.append(" data-upload")
            if capabilities.overwrite { output.append(" data-overwrite") }
            if capabilities.createDirectories { output.append(" data-create-directories") }
            if let size = capabilities.maximumSize {
                output.append(" data-maximum-size=\"")
                output.append(decimal: size)
                output.append("\"")
            }
        }
        if capabilities.delete { output.append(" data-delete") }
    }

    /// The heads of the columns: links that sort, the other way round where it is sorted so.
    private func writeColumns(to output: inout Bytes) {
        for key in ListingOrder.Key.allCases {
            let isSorted = key == listing.order.key
            output.append("<th role=\"columnheader\" scope=\"col\"")
            if isSorted {
                output.append(" aria-sort=\"")
                output.append(listing.order.isDescending ? "descending\"" : "ascending\"")
            }
            // Who asks for sizes and times wants to see the large and the new first.
            let isDescending = isSorted ? !listing.order.isDescending : key != .name
            output.append("><a href=\"?sort=")
            switch key {
            case .name: output.append("name")
            case .size: output.append("size")
            case .time: output.append("time")
            }
            output.append(isDescending ? "&amp;order=desc\">" : "&amp;order=asc\">")
            switch key {
            case .name: output.append("Name")
            case .size: output.append("Size")
            case .time: output.append("Modified<span class=\"utc\"> (UTC)</span>")
            }
            output.append("</a></th>")
        }
        if capabilities.delete {
            output.append("<td role=\"columnheader\" class=\"act\"></td>")
        }
    }

    private func writeUp(to output: inout Bytes) {
        guard !listing.path.isRoot else { return }
        output.append("<a class=\"up\" href=\"../\">Parent folder</a>\n")
    }

    /// Appends the row of an entry.
    func writeEntry(_ index: Int, to output: inout Bytes) {
        if index > 0, index % Self.groupCount == 0 {
            output.append("</tbody><tbody role=\"rowgroup\">\n")
        }
        let entry = listing.entries[index]
        let name = entry.name(in: listing.names.span)
        output.append("<tr role=\"row\"")
        if entry.isDirectory {
            output.append(" class=\"d\"")
        } else if capabilities.upload || capabilities.delete {
            output.append(" data-tag=\"")
            output.append(hexadecimal: UInt64(bitPattern: Int64(entry.modified)))
            output.append(0x2D)
            output.append(hexadecimal: UInt64(entry.size))
            output.append(0x22)
        }
        output.append("><th role=\"rowheader\" scope=\"row\"><a href=\"")
        output.append(reference: name, isDirectory: entry.isDirectory)
        output.append("\"><bdi>")
        output.append(name, as: .html)
        output.append("</bdi></a></th><td role=\"cell\">")
        if !entry.isDirectory { writeSize(entry.size, to: &output) }
        output.append("</td><td role=\"cell\"><time datetime=\"")
        output.append(time: entry.modified)
        output.append("\">")
        output.append(date: entry.modified)
        output.append("</time></td>")
        if capabilities.delete {
            output.append("<td role=\"cell\" class=\"act\">")
            output.append("<button type=\"button\" aria-label=\"Delete\"></button></td>")
        }
        output.append("</tr>\n")
    }

    private func writeSize(_ size: Int, to output: inout Bytes) {
        output.append("<data value=\"")
        output.append(decimal: size)
        if size >= 1024 {
            output.append("\" title=\"")
            output.append(grouped: size)
            output.append(" bytes")
        }
        output.append("\">")
        output.append(size: size)
        output.append("</data>")
    }

    private func append(text: String, to output: inout Bytes) {
        let bytes = Array(text.utf8)
        output.append(bytes.span, as: .html)
    }

    private func append(resource: [UInt8], to output: inout Bytes) {
        output.append(copying: resource.span)
    }
}
