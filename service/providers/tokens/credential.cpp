#include "service/providers/tokens/credential.h"

#include "service/providers/tokens/assertion.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar::providers::tokens {
namespace {

using simdjson::dom::object;

constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t client_secret_bytes_max = 4096;

/// A document that nobody may see. simdjson keeps all of its strings in its own buffers.
struct Document {
    simdjson::padded_string text;
    simdjson::dom::parser parser;

    explicit Document(const Secret& value) : text(value.reveal()) {}
    ~Document() {
        wipe(text.data(), text.size());
        if (parser.doc.string_buf) wipe(parser.doc.string_buf.get(), text.size() * 5 / 3);
    }
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;
};

std::unexpected<Error> wrong(std::string_view what) {
    return fail(Fault::invalid_request, fmt::format("The credential {}.", what));
}

/// The first of these members that is a text.
std::string_view text_of(const object& members, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        std::string_view text;
        if (members[name].get(text) == simdjson::SUCCESS) return text;
    }
    return {};
}

bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<std::string> name_of(const object& members, std::initializer_list<std::string_view> names) {
    const std::string_view text = text_of(members, names);
    if (text.empty() || text.size() > name_bytes_max || !printable(text))
        return wrong(fmt::format("needs \"{}\", a text of 1 to {} visible characters without blanks", *names.begin(),
                                 name_bytes_max));
    return std::string(text);
}

/// The tenant becomes a part of a path.
Result<std::string> tenant_of(const object& members) {
    TRY(std::string tenant, name_of(members, {"tenant", "tenant_id", "tenantId"}));
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    if (!std::ranges::all_of(tenant, fits) || tenant.starts_with('.'))
        return wrong("has a \"tenant\" that is neither an id nor a domain of Entra's");
    return tenant;
}

Result<Secret> key_of(const object& members) {
    Secret pem = Secret::copy_of(text_of(members, {"private_key"}));
    if (pem.empty()) return wrong("needs \"private_key\", a private key in PEM");
    TRY_VOID(check_private_key(pem));
    return pem;
}

Result<Credential> entra(const object& members) {
    Credential out;
    out.kind = Kind::entra;
    TRY(out.tenant, tenant_of(members));
    TRY(out.client, name_of(members, {"client_id", "appId", "clientId"}));
    const std::string_view secret = text_of(members, {"client_secret", "password", "clientSecret"});
    const std::string_view certificate = text_of(members, {"certificate"});
    if (secret.empty() == certificate.empty())
        return wrong("needs either \"client_secret\" or \"certificate\" with \"private_key\", and not both");
    if (!secret.empty()) {
        if (secret.size() > client_secret_bytes_max || !printable(secret))
            return wrong(fmt::format("has a \"client_secret\" that is none: it has at most {} visible characters",
                                     client_secret_bytes_max));
        out.client_secret = Secret::copy_of(secret);
        return out;
    }
    TRY(out.private_key, key_of(members));
    TRY(out.key_id, thumbprint(certificate, out.private_key));
    return out;
}

Result<Credential> google(const object& members) {
    if (text_of(members, {"type"}) != "service_account")
        return wrong(
            "is no service account of Google's: its \"type\" must be \"service_account\". Download the key "
            "of one as JSON");
    Credential out;
    out.kind = Kind::google;
    TRY(out.client, name_of(members, {"client_email"}));
    TRY(out.key_id, name_of(members, {"private_key_id"}));
    TRY(out.private_key, key_of(members));
    return out;
}

/// Nothing: it is no JSON object.
std::optional<object> object_in(Document& document) {
    if (document.text.size() > credential_bytes_max) return {};
    simdjson::dom::element root;
    object members;
    if (document.parser.parse(document.text).get(root) != simdjson::SUCCESS) return {};
    if (root.get(members) != simdjson::SUCCESS) return {};
    return members;
}

/// By what only these credentials have.
std::optional<Kind> kind_of(const object& members) {
    if (text_of(members, {"type"}) == "service_account") return Kind::google;
    const bool has_tenant = !text_of(members, {"tenant", "tenant_id", "tenantId"}).empty();
    return has_tenant ? std::optional(Kind::entra) : std::nullopt;
}

}  // namespace

Result<Credential> read_credential(Kind kind, const Secret& value) {
    Document document(value);
    const auto members = object_in(document);
    if (!members)
        return wrong(kind == Kind::google ? "is no JSON object. Download the key of a service account as JSON"
                                          : "is no JSON object. Write {\"tenant\": …, \"client_id\": …, "
                                            "\"client_secret\": …}");
    return kind == Kind::google ? google(*members) : entra(*members);
}

Result<Secret> tidy(Secret value) {
    const std::string_view text = value.reveal();
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '{') return value;
    Document document(value);
    const auto members = object_in(document);
    const auto kind = members ? kind_of(*members) : std::nullopt;
    if (!kind) return value;
    if (auto read = read_credential(*kind, value); !read) return std::unexpected(std::move(read).error());
    std::string out(text.size(), '\0');
    std::size_t bytes = 0;
    if (simdjson::minify(text.data(), text.size(), out.data(), bytes) != simdjson::SUCCESS)
        return wrong("is no JSON object");
    out.resize(bytes);
    return Secret(std::move(out));
}

}  // namespace bursar::providers::tokens
