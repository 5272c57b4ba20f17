#include "auth/ldap/names.h"

#include "auth/ldap/escape.h"

#include <algorithm>
#include <ldap.h>
#include <memory>
#include <vector>

namespace bursar::ldap {
namespace {

constexpr std::size_t dn_bytes_max = 8192;

struct Part {
    std::string type;
    std::string value;
    bool with_the_one_before = false;  ///< of a name with several values: "cn=a+uid=b"
};

struct FreeDn {
    void operator()(LDAPRDN* dn) const { ldap_dnfree(dn); }
};

std::string text_of(const berval& bytes) { return {bytes.bv_val, bytes.bv_len}; }

std::optional<std::vector<Part>> parts_of(std::string_view dn) {
    if (dn.empty() || dn.size() > dn_bytes_max || dn.contains('\0')) return std::nullopt;
    LDAPDN raw = nullptr;
    if (ldap_str2dn(std::string(dn).c_str(), &raw, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || raw == nullptr)
        return std::nullopt;
    const std::unique_ptr<LDAPRDN, FreeDn> owned(raw);
    std::vector<Part> parts;
    for (LDAPRDN* name = raw; *name != nullptr; ++name)
        for (LDAPAVA** value = *name; *value != nullptr; ++value)
            parts.push_back({text_of((*value)->la_attr), text_of((*value)->la_value), value != *name});
    return parts;
}

std::string written(const std::vector<Part>& parts) {
    std::string out;
    for (const Part& part : parts) {
        if (!out.empty()) out += part.with_the_one_before ? '+' : ',';
        out += part.type + '=' + dn_value(part.value);
    }
    return out;
}

/// Small letters of ASCII, Latin-1, Greek and Cyrillic: servers that keep a member as it was typed differ in these.
std::string folded(std::string_view text) {
    std::string out = small_letters(text);
    for (std::size_t i = 0; i + 1 < out.size(); ++i) {
        const auto first = static_cast<unsigned char>(out[i]), second = static_cast<unsigned char>(out[i + 1]);
        if (first == 0xc3 && second >= 0x80 && second <= 0x9e && second != 0x97)
            out[i + 1] = static_cast<char>(second + 0x20);
        if (first == 0xd0 && second >= 0x90 && second <= 0x9f) out[i + 1] = static_cast<char>(second + 0x20);
        if (first == 0xd0 && second >= 0xa0 && second <= 0xaf) {
            out[i] = static_cast<char>(0xd1);
            out[i + 1] = static_cast<char>(second - 0x20);
        }
    }
    const auto same_space = [](char a, char b) { return a == ' ' && b == ' '; };
    out.erase(std::unique(out.begin(), out.end(), same_space), out.end());
    return out;
}

std::vector<Part> trailing_domain(std::string_view dn) {
    auto parts = parts_of(dn);
    if (!parts) return {};
    std::vector<Part> out;
    for (auto part = parts->rbegin(); part != parts->rend() && small_letters(part->type) == "dc"; ++part)
        out.insert(out.begin(), *part);
    return out;
}

/// The length in bytes of the UTF-8 character that begins here, or 0 if none does (RFC 3629).
std::size_t character_bytes(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    if (lead < 0x80) return 1;
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
    const bool beyond = (lead == 0xed && at(1) > 0x9f) || (lead == 0xf4 && at(1) > 0x8f);
    return overlong || beyond ? 0 : size;
}

}  // namespace

std::string small_letters(std::string_view text) {
    std::string out(text);
    for (char& byte : out)
        if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    return out;
}

std::optional<std::string> canonical_dn(std::string_view dn) {
    const auto parts = parts_of(dn);
    return parts ? std::optional(written(*parts)) : std::nullopt;
}

std::string dn_key(std::string_view dn) {
    auto parts = parts_of(dn);
    if (!parts) return folded(dn);
    for (Part& part : *parts) {
        part.type = small_letters(part.type);
        part.value = folded(part.value);
    }
    return written(*parts);
}

bool is_within(std::string_view key, std::string_view base) {
    if (!key.ends_with(base)) return false;
    if (key.size() == base.size() || base.empty()) return true;
    // The comma before the base has to be one that separates: an escaped one belongs to a value.
    const std::size_t comma = key.size() - base.size() - 1;
    return key[comma] == ',' && (comma == 0 || key[comma - 1] != '\\');
}

std::string domain_part(std::string_view dn) {
    auto domain = trailing_domain(dn);
    if (!domain.empty()) return written(domain);
    const auto parts = parts_of(dn);
    return parts && !parts->empty() ? written({parts->back()}) : std::string();
}

std::string domain_name(std::string_view dn) {
    std::string out;
    for (const Part& part : trailing_domain(dn)) out += (out.empty() ? "" : ".") + part.value;
    return small_letters(out);
}

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t size = character_bytes(bytes);
        if (size == 0) return false;
        bytes.remove_prefix(size);
    }
    return true;
}

std::string clean_text(std::string_view bytes, std::size_t bytes_max) {
    std::string out;
    while (!bytes.empty()) {
        const std::size_t size = character_bytes(bytes);
        std::string_view next = size == 0 ? std::string_view("\xef\xbf\xbd") : bytes.substr(0, size);
        if (size == 1 && (static_cast<unsigned char>(next[0]) < 0x20 || next[0] == 0x7f)) next = " ";
        if (out.size() + next.size() > bytes_max) break;
        if (!(next == " " && out.empty())) out += next;
        bytes.remove_prefix(std::max<std::size_t>(size, 1));
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
}

}  // namespace bursar::ldap
