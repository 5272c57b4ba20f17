#include "service/backup/head.h"

#include "service/base/crypto.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

constexpr std::string_view first_line = "bursar-backup 1";
constexpr std::string_view any_first_line = "bursar-backup ";
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t keyring_bytes_max = 1024;

std::unexpected<Error> wrong(std::string_view finding) {
    return fail(Fault::wrong_configuration,
                fmt::format("This is not a whole backup of Bursar: {}. Take another copy of the file.", finding));
}

/// A value lies in one line, whatever a name in the policy is.
std::string one_line(std::string_view text) {
    std::string out(text.substr(0, std::min<std::size_t>(text.size(), 200)));
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
}

bool is_part_name(std::string_view name) {
    if (name.empty() || name.size() > name_bytes_max || name.front() == '/' || name.back() == '/') return false;
    if (name.find("..") != std::string_view::npos || name.find("//") != std::string_view::npos) return false;
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-' || c == '/';
    });
}

template <typename Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

Result<void> read_bytes(std::string_view name, std::string_view value, std::size_t bytes_max, std::string& out) {
    auto bytes = from_hex(value);
    if (!bytes || bytes->empty() || bytes->size() > bytes_max || !out.empty())
        return wrong(fmt::format("the line \"{}\" does not make sense", name));
    out = *std::move(bytes);
    return {};
}

Result<void> read_part(std::string_view value, Manifest& manifest) {
    const std::size_t blank = value.rfind(' ');
    Part part;
    if (blank == std::string_view::npos || !is_part_name(value.substr(0, blank)) ||
        !read_number(value.substr(blank + 1), part.bytes))
        return wrong("a line \"part\" does not make sense");
    part.name = value.substr(0, blank);
    if (manifest.parts.size() == parts_max ||
        std::ranges::find(manifest.parts, part.name, &Part::name) != manifest.parts.end())
        return wrong("it names too many parts, or one twice");
    manifest.parts.push_back(std::move(part));
    return {};
}

Result<void> read_line(std::string_view name, std::string_view value, Manifest& manifest) {
    if (name == "made") {
        const auto at = parse_timestamp(value);
        if (!at) return wrong("the line \"made\" is no time");
        manifest.made_at = *at;
    } else if (name == "version") {
        manifest.version = value;
    } else if (name == "organisation") {
        manifest.organisation = value;
    } else if (name == "host") {
        manifest.host = value;
    } else if (name == "policy-revision") {
        if (!read_number(value, manifest.revision)) return wrong("the line \"policy-revision\" is no number");
    } else if (name == "salt") {
        return read_bytes(name, value, salt_bytes, manifest.salt);
    } else if (name == "keyring") {
        return read_bytes(name, value, keyring_bytes_max, manifest.keyring);
    } else if (name == "recovery") {
        return read_bytes(name, value, keyring_bytes_max, manifest.recovery);
    } else if (name == "part") {
        return read_part(value, manifest);
    } else {
        return wrong("it has a line that this version does not know");
    }
    return {};
}

}  // namespace

std::string write_head(const Manifest& manifest) {
    std::string out = fmt::format("{}\nmade: {}\nversion: {}\norganisation: {}\nhost: {}\npolicy-revision: {}\n",
                                  first_line, to_text(manifest.made_at), one_line(manifest.version),
                                  one_line(manifest.organisation), one_line(manifest.host), manifest.revision);
    out += fmt::format("salt: {}\nkeyring: {}\n", to_hex(manifest.salt), to_hex(manifest.keyring));
    if (!manifest.recovery.empty()) out += fmt::format("recovery: {}\n", to_hex(manifest.recovery));
    for (const Part& part : manifest.parts) out += fmt::format("part: {} {}\n", part.name, part.bytes);
    return out + "\n";
}

Result<Head> read_head(std::string_view bytes) {
    if (!bytes.starts_with(any_first_line)) return wrong("it does not begin as one");
    Head head;
    std::size_t at = 0;
    for (bool first = true;; first = false) {
        const std::size_t end = bytes.find('\n', at);
        if (end == std::string_view::npos) return wrong("its first lines have no end");
        const std::string_view line = bytes.substr(at, end - at);
        at = end + 1;
        if (first && line != first_line)
            return fail(Fault::wrong_configuration,
                        "This backup was made by a newer version of Bursar. Install that version, or a later one, and "
                        "try again.");
        if (first) continue;
        if (line.empty()) break;
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) return wrong("one of its first lines has no name");
        TRY_VOID(read_line(line.substr(0, colon), line.substr(colon + 2), head.manifest));
    }
    if (head.manifest.salt.size() != salt_bytes || head.manifest.keyring.empty() || head.manifest.parts.empty())
        return wrong("one of the lines salt, keyring and part is missing");
    head.bytes = at;
    return head;
}

}  // namespace bursar::backup
