#include "auth/credential.h"

#include <algorithm>
#include <array>

namespace bursar::auth {
namespace {

/// Whether a character is one of the alphabet's.
constexpr auto of_alphabet = [] {
    constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    std::array<bool, 256> out{};
    for (const char c : alphabet) out[static_cast<unsigned char>(c)] = true;
    return out;
}();

std::string checksum_of(std::string_view text) {
    const std::uint32_t sum = crc32(text);
    std::string bytes;
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(sum >> shift));
    return to_base32(bytes);
}

/// `bytes` is wiped.
Secret text_with(std::string_view prefix, std::string_view id, std::string bytes) {
    std::string secret = to_base32(bytes);
    wipe(bytes.data(), bytes.size());
    std::string text;
    text.reserve(credential_length);
    text.append(prefix).append(id).append("_").append(secret);
    wipe(secret.data(), secret.size());
    text.append(checksum_of(text));
    return Secret(std::move(text));
}

constexpr std::size_t secret_bytes = credential_secret_length * 5 / 8;

}  // namespace

Secret make_credential_text(std::string_view prefix, std::string_view id) {
    return text_with(prefix, id, random_bytes(secret_bytes));
}

Secret follow_credential(const Secret& key, std::string_view prefix, std::string_view id, std::string_view from) {
    std::string named(prefix);
    named.append(id).append("\n").append(from);
    Digest digest = hmac_sha256(key.reveal(), named);
    wipe(named.data(), named.size());
    std::string bytes(as_text(digest).substr(0, secret_bytes));
    wipe(digest.data(), digest.size());
    return text_with(prefix, id, std::move(bytes));
}

Credential make_credential(std::string_view prefix) {
    std::string id = to_base32(random_bytes(8)).substr(0, credential_id_length);
    Secret text = make_credential_text(prefix, id);
    return {.id = std::move(id), .text = std::move(text)};
}

std::optional<std::string_view> credential_id(std::string_view prefix, std::string_view text) {
    if (text.size() != credential_length || !text.starts_with(prefix)) return std::nullopt;
    const std::string_view id = text.substr(prefix.size(), credential_id_length);
    if (text[prefix.size() + credential_id_length] != '_') return std::nullopt;
    const std::string_view checked = text.substr(0, credential_length - credential_checksum_length);
    const auto in_alphabet = [](char c) { return of_alphabet[static_cast<unsigned char>(c)]; };
    if (!std::ranges::all_of(id, in_alphabet) ||
        !std::ranges::all_of(checked.substr(checked.size() - credential_secret_length), in_alphabet))
        return std::nullopt;
    if (text.substr(checked.size()) != checksum_of(checked)) return std::nullopt;
    return id;
}

Digest credential_digest(const Secret& pepper, std::string_view text) { return hmac_sha256(pepper.reveal(), text); }
Digest credential_digest(const Secret& pepper, const Secret& text) { return credential_digest(pepper, text.reveal()); }

}  // namespace bursar::auth
