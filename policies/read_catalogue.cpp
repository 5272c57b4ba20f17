// The catalogue: providers as everybody knows them, so that a company writes only what is its own.
#include "policies/draft.h"

#include <fmt/format.h>

namespace bursar::policies {
namespace {

/// "https://resource.openai.azure.com" of "https://{resource}.openai.azure.com"; nothing if a brace stands alone.
std::optional<std::string> filled(std::string_view text) {
    std::string out;
    bool inside = false;
    for (const char c : text) {
        if (c == '{' || c == '}') {
            if ((c == '{') == inside) return {};
            inside = !inside;
        } else {
            out += c;
        }
    }
    if (inside) return {};
    return out;
}

/// An address may hold placeholders, which a company must fill: then `asks` says with what.
void read_address(Fields& fields, CatalogueEntry& entry) {
    const auto asks = fields.find("asks");
    if (asks) entry.asks = read_text(*asks).value_or("");
    const auto url = fields.need("base_url");
    if (!url) return;
    entry.base_url = url->node.text;
    const bool open = entry.base_url.contains('{') || entry.base_url.contains('}');
    YamlNode node = url->node;
    const auto text = filled(entry.base_url);
    if (open && !text) {
        url->wrong("has a placeholder that does not end; write it like {account}");
        return;
    }
    node.text = text.value_or("");
    const auto address = read_url(Value{node, url->what, url->problems});
    if (address && !open) {
        entry.provider.base_url = *address;
        entry.base_url = address->text();
    }
    if (open && !asks)
        url->wrong("holds a placeholder; say under \"asks\" what a company writes there, such as its account's name");
    else if (!open && asks)
        asks->wrong(
            "asks for something that base_url has no placeholder for; write {account} into it, or take asks out");
}

CatalogueEntry read_entry(const Named& named) {
    Fields fields(named.value.node, fmt::format("catalogue entry \"{}\"", named.name), named.value.problems);
    CatalogueEntry entry;
    entry.name = named.name;
    if (const auto about = fields.find("about")) entry.about = read_text(*about).value_or("");
    if (const auto prices = fields.find("prices")) entry.prices = read_name(*prices).value_or("");
    if (const auto dialect = fields.need("dialect"))
        entry.provider.dialect = read_dialect(*dialect).value_or(Dialect::openai);
    read_address(fields, entry);
    read_settings(fields, entry.provider, true);
    return entry;
}

}  // namespace

void read_catalogue(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "catalogue entry"))
        take(draft.catalogue, named.name, Ranked<CatalogueEntry>{read_entry(named), named.at, rank},
             fmt::format("catalogue entry \"{}\"", named.name), named.value.problems);
}

}  // namespace bursar::policies
