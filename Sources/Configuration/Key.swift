/// A key of a kind of section: how a value of it is stored, and how it is printed.
struct Key<Section: SettingsSection>: Sendable {
    /// What stands before the `=`.
    let name: String
    /// Stores a value; nil, or what is wrong with it.
    let assign: @Sendable (SourceText, inout Section) -> [Diagnostic]
    /// What follows the `=` of each line that a configuration needs to say the value.
    ///
    /// Always at least one; of a value that is empty or not set, it is empty.
    let values: @Sendable (Section) -> [String]

    /// A key with one value; the empty one restores the default.
    init<Value>(
        _ name: String, _ path: any (WritableKeyPath<Section, Value> & Sendable),
        _ form: ValueForm<Value>
    ) {
        self.name = name
        assign = { value, section in
            section.locations[name] = value.location
            guard !value.isEmpty else {
                section[keyPath: path] = Section.defaults[keyPath: path]
                return []
            }
            do throws(Diagnostic) {
                section[keyPath: path] = try form.read(value, for: name)
                return []
            } catch {
                return [error]
            }
        }
        values = { [form.print($0[keyPath: path])] }
    }

    /// A key with a value or none; the empty one is none.
    init<Value>(
        _ name: String, _ path: any (WritableKeyPath<Section, Value?> & Sendable),
        optional form: ValueForm<Value>
    ) {
        self.name = name
        assign = { value, section in
            section.locations[name] = value.location
            do throws(Diagnostic) {
                let parsed = value.isEmpty ? nil : try form.read(value, for: name)
                section[keyPath: path] = parsed
                return []
            } catch {
                return [error]
            }
        }
        values = { [$0[keyPath: path].map(form.print) ?? ""] }
    }

    /// A key with values between white space, each kept once; further assignments add to the first.
    ///
    /// The first assignment takes the place of the default, an empty one empties the list.
    init<Value>(
        _ name: String, _ path: any (WritableKeyPath<Section, [Value]> & Sendable),
        listOf form: ValueForm<Value>
    ) {
        self.name = name
        assign = { value, section in
            if section.locations[name] == nil || value.isEmpty {
                section[keyPath: path] = []
                section.locations = section.locations.filter { !$0.key.hasPrefix("\(name)=") }
            }
            section.locations[name] = value.location
            var diagnostics: [Diagnostic] = []
            for word in value.words {
                do throws(Diagnostic) {
                    let item = try form.read(word, for: name)
                    let isKnown = section[keyPath: path].contains {
                        form.print($0).utf8.elementsEqual(form.print(item).utf8)
                    }
                    guard !isKnown else { continue }
                    section[keyPath: path].append(item)
                    section.locations["\(name)=\(form.print(item))"] = word.location
                } catch {
                    diagnostics.append(error)
                }
            }
            return diagnostics
        }
        values = { [$0[keyPath: path].map(form.print).joined(separator: " ")] }
    }

    /// A key with one item an assignment; a later one takes the place of that of the same identity.
    ///
    /// An empty assignment takes all of them away.
    init<Value>(
        _ name: String, _ path: any (WritableKeyPath<Section, [Value]> & Sendable),
        eachOf form: ValueForm<Value>, by identity: @escaping @Sendable (Value) -> String
    ) {
        self.name = name
        assign = { value, section in
            section.locations[name] = value.location
            guard !value.isEmpty else {
                section[keyPath: path] = []
                section.locations = section.locations.filter { !$0.key.hasPrefix("\(name)=") }
                return []
            }
            do throws(Diagnostic) {
                let item = try form.read(value, for: name)
                let known = section[keyPath: path].firstIndex {
                    identity($0).utf8.elementsEqual(identity(item).utf8)
                }
                if let known {
                    section[keyPath: path][known] = item
                } else {
                    section[keyPath: path].append(item)
                }
                section.locations["\(name)=\(identity(item))"] = value.location
                return []
            } catch {
                return [error]
            }
        }
        values = { section in
            let items = section[keyPath: path].map(form.print)
            return items.isEmpty ? [""] : items
        }
    }
}

extension ValueForm {
    /// Understands a value of a key.
    fileprivate func read(_ text: SourceText, for key: String) throws(Diagnostic) -> Value {
        do throws(Rejection) {
            return try parse(text.string)
        } catch {
            var message = "\(key)= takes \(expectation), not \(quoted(text.string))"
            if let hint = error.hint ?? Self.generalHint(text) { message += " (\(hint))" }
            throw Diagnostic(message, at: text.location(ofByte: error.offset))
        }
    }

    /// What explains a wrong value of any form.
    private static func generalHint(_ text: SourceText) -> String? {
        let words = text.words.dropFirst()
        let hasComment = words.contains { word in
            word.bytes.first == UInt8(ascii: "#") || word.bytes.first == UInt8(ascii: ";")
        }
        if hasComment { return "a comment stands on a line of its own" }
        let quotes = [UInt8(ascii: "\""), UInt8(ascii: "'")]
        if let first = text.bytes.first, quotes.contains(first) { return "leave out the quotes" }
        return nil
    }
}
