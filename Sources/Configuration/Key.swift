/// A key of a kind of section: how a value of it is stored, and how it is printed.
struct Key<Section: SettingsSection>: Sendable {
    /// What stands before the `=`.
    let name: String
    /// Stores a value; nil, or what is wrong with it.
    let assign: @Sendable (SourceText, inout Section) -> [Diagnostic]
    /// The value as a configuration writes it.
    let text: @Sendable (Section) -> String

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
        text = { form.print($0[keyPath: path]) }
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
        text = { $0[keyPath: path].map(form.print) ?? "" }
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
        text = { $0[keyPath: path].map(form.print).joined(separator: " ") }
    }

    /// A key that has one legal value, so that there is nothing to store.
    init<Value>(_ name: String, always value: Value, _ form: ValueForm<Value>) {
        self.name = name
        assign = { text, section in
            section.locations[name] = text.location
            guard !text.isEmpty else { return [] }
            do throws(Diagnostic) {
                _ = try form.read(text, for: name)
                return []
            } catch {
                return [error]
            }
        }
        text = { _ in form.print(value) }
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
            throw Diagnostic(message, at: text.location)
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
