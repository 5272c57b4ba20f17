#include "policies/passthrough.h"

#include "service/base/endpoint.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

using namespace std::string_view_literals;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_mark(char c) { return c == '-' || c == '_' || c == '.'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

/// The next part of a path, which is taken off it with its slash.
std::string_view take_part(std::string_view& path) {
    path.remove_prefix(std::min<std::size_t>(1, path.size()));
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    return part;
}

bool is_blank(std::string_view part) { return part.starts_with('{'); }

/// "{id}"
bool good_blank(std::string_view part) {
    if (part.size() < 3 || !part.ends_with('}')) return false;
    const std::string_view name = part.substr(1, part.size() - 2);
    return std::ranges::all_of(name, [](char c) { return is_upper(c) || is_lower(c) || is_digit(c) || c == '_'; });
}

bool good_part(std::string_view part) {
    return std::ranges::all_of(part, [](char c) { return is_upper(c) || is_lower(c) || is_digit(c) || is_mark(c); });
}

/// A part in small letters: its words (of "fileUploads" and "file-uploads" both), and all of them together.
struct Words {
    std::vector<std::string> each;
    std::string together;
};

Words words_in(std::string_view part) {
    Words out;
    out.each.emplace_back();
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool begins = i > 0 && is_upper(part[i]) && is_lower(part[i - 1]);
        if (is_mark(part[i]) || begins) out.each.emplace_back();
        if (is_mark(part[i])) continue;
        out.each.back() += lower(part[i]);
        out.together += lower(part[i]);
    }
    return out;
}

bool begins_with(const Words& words, std::string_view stem) {
    return words.together.starts_with(stem) ||
           std::ranges::any_of(words.each, [&](const std::string& word) { return word.starts_with(stem); });
}

bool is_one(const Words& words, std::string_view word) {
    return std::ranges::find(words.each, word) != words.each.end();
}

/// The first word of an endpoint's path, without the s of many: "embedding" of /embeddings.
std::string stem_of(std::string_view suffix) {
    if (suffix.empty()) return {};
    suffix.remove_prefix(1);
    std::string stem;
    for (const char c : suffix.substr(0, suffix.find('/'))) stem += lower(c);
    if (stem.ends_with('s')) stem.pop_back();
    return stem;
}

/// What providers bill by tokens, pages, seconds or training, and what such calls are made of and work on.
constexpr std::array made = {"assistant"sv, "batch"sv,       "chat"sv,   "classif"sv, "complet"sv, "edit"sv,
                             "embed"sv,     "file"sv,        "fim"sv,    "generat"sv, "grader"sv,  "image"sv,
                             "infer"sv,     "interaction"sv, "invok"sv,  "music"sv,   "ocr"sv,     "predict"sv,
                             "realtime"sv,  "run"sv,         "speech"sv, "summar"sv,  "thread"sv,  "transcri"sv,
                             "translat"sv,  "tts"sv,         "upload"sv, "video"sv};

/// What hands out credentials, or says who has them.
constexpr std::array keys = {"admin"sv,    "certificate"sv, "credential"sv, "invite"sv,       "key"sv,
                             "login"sv,    "member"sv,      "oauth"sv,      "organisation"sv, "organization"sv,
                             "password"sv, "secret"sv,      "session"sv,    "user"sv,         "workspace"sv};
/// Written together or apart, wherever they stand in a part.
constexpr std::array keys_anywhere = {"apikey"sv, "clientsecret"sv, "serviceaccount"sv, "accesstoken"sv};

bool is_of_keys(const Words& words) {
    return is_one(words, "token") || is_one(words, "tokens") ||
           std::ranges::any_of(keys, [&](std::string_view stem) { return begins_with(words, stem); }) ||
           std::ranges::any_of(keys_anywhere, [&](std::string_view stem) { return words.together.contains(stem); });
}

bool is_governed(const Words& words) {
    const auto is_endpoint = [&](const EndpointFacts& row) {
        const std::string stem = stem_of(row.suffix);
        return !stem.empty() && begins_with(words, stem);
    };
    return std::ranges::any_of(endpoint_table, is_endpoint) ||
           std::ranges::any_of(made, [&](std::string_view stem) { return begins_with(words, stem); });
}

constexpr std::string_view governed_why =
    "is of what Bursar governs itself or of what is paid by what it uses, which a price for each call cannot hold";
constexpr std::string_view keys_why = "is of what hands out credentials, or says who has them";
constexpr std::string_view training_why =
    "may begin a training, which is paid by what it uses; only cancel and pause pass below it";

}  // namespace

std::string_view path_flaw(std::string_view path, Blanks blanks) {
    if (!path.starts_with('/') || path.size() < 2) return "must begin with / and have a part behind it";
    if (path.size() > pass_path_bytes_max) return "is too long";
    if (path.contains("..")) return "must not have .. in it";
    std::size_t count = 0;
    for (std::string_view rest = path; !rest.empty();) {
        const std::string_view part = take_part(rest);
        if (++count > pass_parts_max) return "has too many parts";
        if (part.empty()) return "has an empty part";
        if (part == ".") return "must not have a part . in it";
        if (blanks == Blanks::allowed && is_blank(part)) {
            if (count == 1) return "must begin with a part that is written out";
            if (!good_blank(part)) return "has a blank that is none; write a whole part like {id}";
        } else if (!good_part(part)) {
            return blanks == Blanks::allowed
                       ? "must have parts of letters, digits and - _ . only, or like {id}; no query and no escapes"
                       : "must have parts of letters, digits and - _ . only; no escapes";
        }
    }
    return {};
}

std::optional<Reserved> reserved_in(std::string_view method, std::string_view path) {
    std::string_view training, last;
    for (std::string_view rest = path; !rest.empty();) {
        const std::string_view part = last = take_part(rest);
        if (is_blank(part)) continue;
        const Words words = words_in(part);
        if (is_of_keys(words)) return Reserved{std::string(part), keys_why};
        if (is_governed(words)) return Reserved{std::string(part), governed_why};
        if (words.together.starts_with("finetun")) training = part;
    }
    const std::string end = words_in(last).together;
    if (method == "POST" && !training.empty() && end != "cancel" && end != "pause")
        return Reserved{std::string(training), training_why};
    return {};
}

bool matches(std::string_view entry, std::string_view path) {
    while (!entry.empty() && !path.empty()) {
        const std::string_view wanted = take_part(entry), part = take_part(path);
        if (part.empty() || (wanted != part && !is_blank(wanted))) return false;
    }
    return entry.empty() && path.empty();
}

bool overlap(std::string_view one, std::string_view other) {
    while (!one.empty() && !other.empty()) {
        const std::string_view here = take_part(one), there = take_part(other);
        if (here != there && !is_blank(here) && !is_blank(there)) return false;
    }
    return one.empty() && other.empty();
}

std::string words_of(const PassEntry& entry) {
    return fmt::format("{} {} at {} USD for {}", entry.method, entry.path, entry.price.text(),
                       entry.all ? std::string("all") : fmt::format("{}", fmt::join(entry.teams, ", ")));
}

}  // namespace bursar::policies
