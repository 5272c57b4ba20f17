#include "policies/passthrough.h"

#include "policies/pass_blanks.h"
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

/// A part in small letters: its words (of "fileUploads", "file-uploads" and "2uploads"), those that marks alone part,
/// and all of them together.
struct Words {
    std::vector<std::string> each;
    std::vector<std::string> marked;
    std::string together;
};

Words words_in(std::string_view part) {
    Words out{.each = {""}, .marked = {""}, .together = {}};
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool marks = is_mark(part[i]);
        const bool begins = i > 0 && ((is_upper(part[i]) && is_lower(part[i - 1])) ||
                                      (is_digit(part[i - 1]) && (is_upper(part[i]) || is_lower(part[i]))));
        if (marks || begins) out.each.emplace_back();
        if (marks) out.marked.emplace_back();
        if (marks) continue;
        out.each.back() += lower(part[i]);
        out.marked.back() += lower(part[i]);
        out.together += lower(part[i]);
    }
    return out;
}

template <typename Test>
bool any_word(const Words& words, Test test) {
    return std::ranges::any_of(words.each, test) || std::ranges::any_of(words.marked, test);
}

bool begins_with(const Words& words, std::string_view stem) {
    return words.together.starts_with(stem) ||
           any_word(words, [&](const std::string& word) { return word.starts_with(stem); });
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

/// What generates when it is posted to, and may be looked at and deleted.
constexpr std::array made_by_post = {"agent"sv, "convers"sv};
constexpr std::array training = {"customjob"sv, "train"sv, "tune"sv, "tuning"sv};

/// What hands out credentials, or says who has them.
constexpr std::array keys = {"admin"sv,    "certificate"sv, "credential"sv, "invite"sv,       "key"sv,
                             "login"sv,    "member"sv,      "oauth"sv,      "organisation"sv, "organization"sv,
                             "password"sv, "secret"sv,      "session"sv,    "user"sv,         "workspace"sv};
/// Written together or apart, wherever they stand in a part.
constexpr std::array keys_anywhere = {"apikey"sv, "credential"sv, "secret"sv, "serviceaccount"sv};
/// What a word of which a stem is the beginning ends in.
constexpr std::array endings = {""sv,    "s"sv,    "es"sv,    "e"sv,      "y"sv,       "be"sv,      "ize"sv,
                                "ing"sv, "ings"sv, "ding"sv,  "dings"sv,  "ion"sv,     "ions"sv,    "ence"sv,
                                "pt"sv,  "pts"sv,  "ption"sv, "ptions"sv, "ication"sv, "ications"sv};

/// Without digits at the end: of "listkeys" and "regenerateKey1".
bool ends_in_key(std::string_view word) {
    while (!word.empty() && is_digit(word.back())) word.remove_suffix(1);
    return word.ends_with("key") || word.ends_with("keys");
}

/// Whatever stands before and behind it. Counting the tokens of a text gives nothing away.
bool names_keys(const Words& words) {
    const bool counts = words.together.starts_with("tokeniz") || words.together.starts_with("detokeniz");
    const auto is_token = [](const std::string& word) { return word == "token" || word == "tokens"; };
    return ends_in_key(words.together) || any_word(words, ends_in_key) || any_word(words, is_token) ||
           (!counts && words.together.contains("token")) ||
           std::ranges::any_of(keys_anywhere, [&](std::string_view stem) { return words.together.contains(stem); });
}

template <typename Test>
bool any_governed(std::string_view method, Test test) {
    const auto is_endpoint = [&](const EndpointFacts& row) {
        const std::string stem = stem_of(row.suffix);
        return !stem.empty() && test(std::string_view(stem));
    };
    return std::ranges::any_of(endpoint_table, is_endpoint) || std::ranges::any_of(made, test) ||
           (method == "POST" && std::ranges::any_of(made_by_post, test));
}

bool trains(const Words& words) {
    return words.together.contains("finetun") ||
           std::ranges::any_of(training, [&](std::string_view stem) { return begins_with(words, stem); });
}

constexpr std::string_view governed_why =
    "is of what Bursar governs itself or of what is paid by what it uses, which a price for each call cannot hold";
constexpr std::string_view keys_why = "is of what hands out credentials, or says who has them";
constexpr std::string_view training_why =
    "may begin a training, which is paid by what it uses; only cancel and pause pass below it";

/// Why a part does not pass by the stems that `test` finds in it, and by `keys_named`; empty: it does.
template <typename Test>
std::string_view why_not(std::string_view method, bool keys_named, Test test) {
    if (keys_named || std::ranges::any_of(keys, test)) return keys_why;
    return any_governed(method, test) ? governed_why : std::string_view();
}

bool is_of(std::string_view word, std::string_view stem) {
    return word.starts_with(stem) && std::ranges::find(endings, word.substr(stem.size())) != endings.end();
}

/// Of what may be an action. So short a stem begins many an id by chance.
std::string_view why_no_action(const Words& words) {
    constexpr std::size_t short_stem = 3;
    return why_not("POST", names_keys(words), [&](std::string_view stem) {
        if (stem.size() > short_stem) return begins_with(words, stem);
        return any_word(words, [&](std::string_view word) { return is_of(word, stem); });
    });
}

/// Of what is an id, unless nothing but such words is in it.
std::string_view why_no_id(std::string_view method, const Words& words) {
    for (const auto* list : {&words.each, &words.marked}) {
        std::string_view why;
        for (const std::string& word : *list) {
            why = why_not(method, false, [&](std::string_view stem) { return is_of(word, stem); });
            if (why.empty()) break;
        }
        if (!why.empty()) return why;
    }
    return names_keys(words) ? keys_why : std::string_view();
}

/// Letters, - and _: no id, as far as one can see.
bool may_be_words(std::string_view part) {
    return std::ranges::none_of(part, [](char c) { return is_digit(c) || c == '.'; });
}

bool ends_training(std::string_view last) {
    const std::string end = words_in(last).together;
    return end == "cancel" || end == "pause";
}

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
    std::string_view trained, last;
    for (std::string_view rest = path; !rest.empty();) {
        const std::string_view part = last = take_part(rest);
        if (is_blank(part)) continue;
        const Words words = words_in(part);
        const auto test = [&](std::string_view stem) { return begins_with(words, stem); };
        if (const std::string_view why = why_not(method, names_keys(words), test); !why.empty())
            return Reserved{std::string(part), why};
        if (trains(words)) trained = part;
    }
    if (method == "POST" && !trained.empty() && !ends_training(last))
        return Reserved{std::string(trained), training_why};
    return {};
}

std::optional<Reserved> reserved_in_blanks(std::string_view method, std::string_view entry, std::string_view path) {
    const bool begins_training = method == "POST" && !ends_training(path.substr(path.rfind('/') + 1));
    while (!entry.empty() && !path.empty()) {
        const bool filled = is_blank(take_part(entry));
        const std::string_view part = take_part(path);
        const bool action = method == "POST" && path.empty();
        if (!filled || (!action && !may_be_words(part))) continue;
        const Words words = words_in(part);
        const std::string_view why = action ? why_no_action(words) : why_no_id(method, words);
        if (!why.empty()) return Reserved{std::string(part), why};
        if (begins_training && trains(words)) return Reserved{std::string(part), training_why};
    }
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
