#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Names and ids of directories, between bytes and text.
namespace bursar::ldap {

/// ASCII letters small.
std::string small_letters(std::string_view text);
/// One way to write a DN, whoever wrote it: RFC 4514 with `\,` for a comma and UTF-8 as it is; nullopt if it is none.
std::optional<std::string> canonical_dn(std::string_view dn);
/// What two ways to write the same DN have in common; only for comparing.
std::string dn_key(std::string_view dn);
/// Whether `key` names the entry `base` or one below it; both are keys.
bool is_within(std::string_view key, std::string_view base);
/// The trailing "dc=" parts of a DN, else its last part; empty if it is no DN.
std::string domain_part(std::string_view dn);
/// "corp.example" of the trailing "dc=" parts; empty without such.
std::string domain_name(std::string_view dn);

/// An objectGUID as people write it: the first three fields are little-endian ([MS-DTYP] §2.3.4.2).
std::optional<std::string> guid_text(std::string_view bytes);
std::optional<std::string> guid_bytes(std::string_view text);
/// "S-1-5-21-…" ([MS-DTYP] §2.4.2).
std::optional<std::string> sid_text(std::string_view bytes);
/// The SID of the same domain with another last part: a primary group.
std::optional<std::string> sid_sibling(std::string_view bytes, std::uint32_t relative_id);

bool is_utf8(std::string_view bytes);
/// Text for people and files: what is not UTF-8 becomes U+FFFD, control characters a space, ends trimmed, and at most
/// `bytes_max` of it.
std::string clean_text(std::string_view bytes, std::size_t bytes_max);

}  // namespace bursar::ldap
