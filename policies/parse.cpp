// Documents to snapshot: every document, every section, then the references between them.
#include "policies/draft.h"

#include <array>
#include <set>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

using Reader = void (*)(const Value&, Rank, Draft&);

struct SectionReader {
    std::string_view name;
    Reader read;  ///< none: not in force yet
};

constexpr std::array<SectionReader, 15> sections = {{{"organisation", read_organisation},
                                                     {"catalogue", read_catalogue},
                                                     {"providers", read_providers},
                                                     {"models", read_models},
                                                     {"teams", read_teams},
                                                     {"people", read_people},
                                                     {"prices", read_prices},
                                                     {"charging", read_charging},
                                                     {"allocations", read_allocations},
                                                     {"watch", read_watch},
                                                     {"filters", nullptr},
                                                     {"alerts", read_alerts},
                                                     {"reports", read_reports},
                                                     {"retention", read_retention},
                                                     {"identity", read_identity}}};

bool empty(const YamlNode& node) {
    return node.items.empty() && node.entries.empty() && node.kind != YamlNode::Kind::text;
}

void read_document(const Document& document, Rank rank, Draft& draft, Problems& problems) {
    const YamlNode root = read_yaml(document, draft.nodes_left, problems);
    if (root.kind == YamlNode::Kind::nothing) return;
    Fields fields(root, "the document", problems);
    for (const SectionReader& section : sections) {
        auto value = fields.find(section.name);
        if (!value) continue;
        value->what = section.name;
        if (section.read != nullptr)
            section.read(*value, rank, draft);
        else if (!empty(value->node))
            problems.add(value->node.at, fmt::format("the section {} is not enforced by this version; take it out, so "
                                                     "that nobody relies on it",
                                                     section.name));
    }
}

void read_all(const std::vector<Document>& documents, Rank rank, Draft& draft, Problems& problems) {
    std::set<std::string_view> names;
    for (const Document& document : documents) {
        if (!names.insert(document.name).second)
            problems.add({document.name, 0, 0}, "the file stands twice in this policy; keep one of them");
        read_document(document, rank, draft, problems);
    }
}

}  // namespace

std::vector<std::string> section_names() {
    std::vector<std::string> out;
    for (const SectionReader& section : sections) out.emplace_back(section.name);
    return out;
}

Parsed parse(const std::vector<Document>& defaults, const std::vector<Document>& documents, std::int64_t revision) {
    Problems problems;
    Parsed parsed;
    if (defaults.size() + documents.size() > documents_max) {
        problems.add({"policy", 0, 0}, fmt::format("the policy has {} documents; at most {} are read, so merge some",
                                                   defaults.size() + documents.size(), documents_max));
        parsed.problems = std::move(problems).take();
        return parsed;
    }
    Draft draft;
    read_all(defaults, Rank::shipped, draft, problems);
    read_all(documents, Rank::own, draft, problems);
    lay_over_catalogue(draft, problems);
    auto snapshot = link(std::move(draft), revision, problems, parsed.warnings);
    if (problems.none())
        parsed.snapshot = std::move(snapshot);
    else
        parsed.problems = std::move(problems).take();
    return parsed;
}

}  // namespace bursar::policies
