#include "policies/yaml.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <tuple>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace bursar::policies {
namespace {

/// Builds the tree from the parser's events. Aliases are never followed, so a small text cannot grow into a large tree.
class Builder final : public YAML::EventHandler {
  public:
    Builder(std::string_view file, std::size_t nodes_left, Problems& problems)
        : file_(file), problems_(problems), nodes_left_(nodes_left) {}

    YamlNode take() && { return std::move(root_); }
    std::size_t nodes() const { return nodes_; }
    /// Whether more would be of use. The parser never comes to an end where it cannot take a character such as ',' at
    /// all.
    bool wants_more() const { return documents_ < 2; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ == 1)
            problems_.add(place(mark), mark.pos == begins_
                                           ? "this is not YAML: nothing can begin like this"
                                           : "a second document begins here; put it into a file of its own");
        begins_ = mark.pos;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        put({.kind = YamlNode::Kind::nothing, .text = {}, .at = place(mark), .items = {}, .entries = {}});
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problems_.add(place(mark), "aliases (*name) are not read; write the value out");
        put({.kind = YamlNode::Kind::nothing, .text = {}, .at = place(mark), .items = {}, .entries = {}});
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        put({.kind = YamlNode::Kind::text,
             .quoted = tag == "!",
             .text = value,
             .at = place(mark),
             .items = {},
             .entries = {}});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Open {
        YamlNode node;
        YamlNode key;
        bool has_key = false;
        std::set<std::string> names;
    };

    Place place(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0)
            problems_.add(place(mark), "anchors (&name) are not read; write the value out where it is needed");
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!")
            problems_.add(place(mark),
                          fmt::format("tags are not read; write the value without \"{}\"", tag.substr(0, 80)));
    }

    void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (too_deep_ > 0 || open_.size() == depth_max) {
            if (too_deep_++ == 0)
                problems_.add(place(mark),
                              fmt::format("values are nested more than {} deep; a policy needs less", depth_max));
            return;
        }
        Open next;
        next.node.kind = kind;
        next.node.at = place(mark);
        open_.push_back(std::move(next));
    }

    void close() {
        if (too_deep_ > 0) {
            if (--too_deep_ == 0)
                put({.kind = YamlNode::Kind::nothing, .text = {}, .at = {}, .items = {}, .entries = {}});
            return;
        }
        YamlNode node = std::move(open_.back().node);
        open_.pop_back();
        put(std::move(node));
    }

    void put(YamlNode node) {
        if (too_deep_ > 0 || documents_ > 1) return;
        if (nodes_ == std::min(nodes_max, nodes_left_)) {
            if (!full_)
                problems_.add(node.at, nodes_ == nodes_max
                                           ? fmt::format("there are more than {} values; split the file", nodes_max)
                                           : fmt::format("the policy has more than {} values; make it smaller",
                                                         policy_nodes_max));
            full_ = true;
            return;
        }
        ++nodes_;
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (parent.node.kind == YamlNode::Kind::list)
            parent.node.items.push_back(std::move(node));
        else if (!parent.has_key)
            put_key(parent, std::move(node));
        else
            put_value(parent, std::move(node));
    }

    void put_key(Open& parent, YamlNode key) {
        parent.has_key = true;
        if (key.kind != YamlNode::Kind::text) {
            problems_.add(key.at, "a name is missing before the colon; names are plain text");
        } else if (!parent.names.insert(key.text).second) {
            problems_.add(key.at, fmt::format("\"{}\" stands twice in the same place; keep one of them", key.text));
        } else {
            parent.key = std::move(key);
            return;
        }
        parent.key = YamlNode{};
    }

    static void put_value(Open& parent, YamlNode value) {
        parent.has_key = false;
        // What stands under a wrong name has been complained about already.
        if (parent.key.kind == YamlNode::Kind::text)
            parent.node.entries.push_back({std::move(parent.key), std::move(value)});
    }

    std::string_view file_;
    Problems& problems_;
    YamlNode root_;
    std::vector<Open> open_;
    std::size_t too_deep_ = 0;
    std::size_t nodes_ = 0;
    const std::size_t nodes_left_;
    bool full_ = false;
    int documents_ = 0;
    int begins_ = -1;
};

/// How many bytes the character at the front has, or 0 if it cannot stand in a YAML text: not UTF-8 (RFC 3629 §4), or a
/// control character (YAML 1.2 §5.1). The parser lets them pass, and they would end up in logs and on screens.
std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
    const auto continues = [&](std::size_t from, std::size_t count) {
        for (std::size_t i = from; i < from + count; ++i)
            if ((byte(i) & 0xc0U) != 0x80) return false;
        return true;
    };
    const unsigned first = byte(0);
    if (first < 0x80)
        return (first >= 0x20 && first != 0x7f) || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
    if (first >= 0xc2 && first <= 0xdf && continues(1, 1)) return first == 0xc2 && byte(1) < 0xa0 ? 0 : 2;
    if (first >= 0xe0 && first <= 0xef && continues(1, 2)) {
        const bool overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = first == 0xed && byte(1) > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (first >= 0xf0 && first <= 0xf4 && continues(1, 3)) {
        const bool overlong = first == 0xf0 && byte(1) < 0x90;
        const bool beyond = first == 0xf4 && byte(1) > 0x8f;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

/// False, with a problem, at the first byte that no YAML text has.
bool check_characters(const Document& document, Problems& problems) {
    Place at{document.name, 1, 1};
    for (std::string_view rest = document.text; !rest.empty();) {
        const std::size_t bytes = character_bytes(rest);
        if (bytes == 0) {
            problems.add(at, fmt::format("the byte 0x{:02x} cannot stand here; save the file as UTF-8 text",
                                         static_cast<unsigned char>(rest.front())));
            return false;
        }
        at.column += 1;
        if (rest.front() == '\n') at = {document.name, at.line + 1, 1};
        rest.remove_prefix(bytes);
    }
    return true;
}

/// The parser's words for a tab do not name it.
std::string_view hint_about(std::string_view text, int line) {
    for (; line > 0 && !text.empty(); --line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    const std::size_t content = text.find_first_not_of(' ');
    return content != std::string_view::npos && text[content] == '\t' ? "; indent with blanks, not with tabs" : "";
}

}  // namespace

std::string to_text(const Place& place) { return fmt::format("{}:{}:{}", place.file, place.line, place.column); }

std::string Problem::message() const {
    return line == 0 ? fmt::format("{}: {}", file, text) : fmt::format("{}:{}:{}: {}", file, line, column, text);
}

void Problems::add(const Place& at, std::string text) {
    if (problems_.size() == problems_max) {
        ++more_;
        return;
    }
    problems_.push_back({std::string(at.file), at.line, at.column, std::move(text)});
}

std::vector<Problem> Problems::take() && {
    std::ranges::sort(problems_, {},
                      [](const Problem& each) { return std::tie(each.file, each.line, each.column, each.text); });
    if (more_ > 0)
        problems_.push_back(
            {problems_.back().file, 0, 0, fmt::format("there are {} more problems; fix these first", more_)});
    return std::move(problems_);
}

YamlNode read_yaml(const Document& document, std::size_t& nodes_left, Problems& problems) {
    if (document.text.size() > document_bytes_max) {
        problems.add({document.name, 0, 0}, fmt::format("the file has {} bytes; at most {} are read, so split it",
                                                        document.text.size(), document_bytes_max));
        return {};
    }
    if (!check_characters(document, problems)) return {};
    Builder builder(document.name, nodes_left, problems);
    try {
        std::istringstream text(document.text);
        YAML::Parser parser(text);
        while (builder.wants_more() && parser.HandleNextDocument(builder)) continue;
    } catch (const YAML::Exception& error) {
        problems.add({document.name, std::max(error.mark.line, 0) + 1, std::max(error.mark.column, 0) + 1},
                     fmt::format("this is not YAML: {}{}", error.msg, hint_about(document.text, error.mark.line)));
        return {};
    } catch (const std::exception&) {
        problems.add({document.name, 0, 0}, "this is not YAML; the file could not be read");
        return {};
    }
    nodes_left -= builder.nodes();
    return std::move(builder).take();
}

}  // namespace bursar::policies
