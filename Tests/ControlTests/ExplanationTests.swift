import Control
import Foundation
import Testing

@Suite("Explanations")
struct ExplanationTests {
    @Test("they survive the way through JSON", arguments: [Explanation(), ExplanationTests.full])
    func wayThroughJSON(explanation: Explanation) throws {
        let decoder = JSONDecoder()
        let bytes = Data(explanation.jsonBytes)
        #expect(try decoder.decode(Explanation.self, from: bytes) == explanation)
        #expect(
            try decoder.decode(Explanation.self, from: JSONEncoder().encode(explanation))
                == explanation, "the keys of both writers are the same")
    }

    @Test("the JSON has the documented names, and null for what is not")
    func names() throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Explanation().jsonBytes))
                as? [String: Any])
        #expect(
            Set(object.keys) == [
                "listener", "site", "rule", "file", "coding", "status", "reason", "fields",
                "content_bytes", "steps",
            ])
        for name in ["site", "rule", "file", "coding", "content_bytes"] {
            #expect(object[name] is NSNull, "\(name)")
        }
    }

    @Test("fields and steps keep their order")
    func order() {
        let text = String(decoding: Self.full.jsonBytes, as: UTF8.self)
        #expect(
            text.hasSuffix(
                #""fields":[{"name":"Vary","value":"Accept-Encoding"},"#
                    + #"{"name":"A","value":"\"\\"}],"content_bytes":9,"#
                    + #""steps":[{"part":"site","result":"default","why":"it is the only one"},"#
                    + #"{"part":"answer","result":"200","why":"the file is there"}"#
                    + "]}"))
    }

    static let full: Explanation = {
        var explanation = Explanation()
        explanation.listener = "http"
        explanation.site = "default"
        explanation.rule = "/assets/"
        explanation.file = "assets/a.js.br"
        explanation.coding = "br"
        explanation.status = 200
        explanation.reason = "OK"
        explanation.fields = [
            Explanation.Field(name: "Vary", value: "Accept-Encoding"),
            Explanation.Field(name: "A", value: "\"\\"),
        ]
        explanation.contentByteCount = 9
        explanation.note(.site, "default", why: "it is the only one")
        explanation.note(.answer, "200", why: "the file is there")
        return explanation
    }()
}
