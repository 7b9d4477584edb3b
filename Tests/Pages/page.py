"""Reads a page strictly: what is not well-formed is an error, and every byte of a source is found."""

import html.parser
import re
import urllib.parse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
        "wbr"}
# Empty elements of SVG are written with a slash, as in XML.
SVG_EMPTY = {"path", "rect", "use", "circle"}


class Page(html.parser.HTMLParser):
    """A page: its elements checked, its ids, links and style, and the sources that it shows."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.errors = []
        self.open = []
        self.ids = []
        self.links = []
        self.styles = []
        self.title = ""
        self.files = []       # [path as shown, [bytes of each line], anchor]
        self.numbers = []     # (id of a line, its number, where its number links to)
        self.elements = set()
        if not text.startswith("<!DOCTYPE html>\n"):
            self.errors.append("no document type")
        self.feed(text)
        self.close()
        if self.open:
            self.errors.append(f"never closed: {self.open}")

    @classmethod
    def at(cls, path):
        """The page in a file."""
        return cls(path.read_bytes().decode("utf-8", "strict"))

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(names) != len(set(names)):
            self.errors.append(f"{self.getpos()}: an attribute twice in <{tag}>")
        values = dict(attributes)
        self.elements.add(tag)
        if "id" in values:
            self.ids.append(values["id"])
        for name in ["href", "src", "srcset", "action", "data", "poster", "xlink:href"]:
            if name in values:
                self.links.append((tag, values[name]))
        if "style" in values:
            self.styles.append(values["style"])
        if any(name.startswith("on") for name in names):
            self.errors.append(f"{self.getpos()}: a script in <{tag}>")
        if tag in VOID:
            return
        self.open.append((tag, values.get("class", "")))
        if self.inside("section", "file"):
            if tag == "section":
                self.files.append(["", [], values["id"]])
            elif tag == "span" and "id" in values:
                self.files[-1][1].append(b"")
                self.numbers.append([values["id"], len(self.files[-1][1]), None])
            elif tag == "a" and "data-n" in values:
                assert values["data-n"] == str(self.numbers[-1][1])
                self.numbers[-1][2] = values["href"]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag in SVG_EMPTY:
            self.handle_endtag(tag)
        elif tag not in VOID:
            self.errors.append(f"{self.getpos()}: <{tag}/>")

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.errors.append(f"{self.getpos()}: </{tag}> in {self.open}")
        else:
            self.open.pop()

    def handle_data(self, data):
        tag, style = self.open[-1] if self.open else ("", "")
        if tag == "style":
            self.styles.append(data)
        elif tag == "title":
            self.title += data
        elif self.inside("section", "file"):
            if self.inside("code"):
                found = re.fullmatch(r"\\x([0-9a-f]{2})", data)
                if (tag, style) == ("b", "x") and found:
                    self.files[-1][1][-1] += bytes.fromhex(found[1])
                elif tag != "code":
                    self.files[-1][1][-1] += data.encode()
                else:
                    self.errors.append(f"{self.getpos()}: text between the lines")
            elif self.inside("h3") and self.inside("a"):
                self.files[-1][0] += data

    def inside(self, tag, style=None):
        """Whether an element of this name, and class, is open."""
        return any(one == tag and (style is None or style == of) for one, of in self.open)

    def outside_resources(self):
        """Every link or url() that leads away from this server."""
        found = [
            link for _, link in self.links
            if urllib.parse.urlsplit(link).scheme not in ("", "data") or link.startswith("//")]
        for style in self.styles:
            found += [
                link for link in re.findall(r"url\(\s*['\"]?([^'\")]*)", style)
                if not link.startswith("data:")]
            found += re.findall(r"@import[^;]*", style)
        return found
