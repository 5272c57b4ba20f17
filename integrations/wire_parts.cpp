#include "integrations/wire_parts.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::integrations {
namespace {

constexpr std::size_t name_bytes_max = 200, settings_max = 64, setting_bytes_max = 256 << 10, secrets_max = 16,
                      secret_bytes_max = 64 << 10;
constexpr std::chrono::milliseconds wait_max = std::chrono::hours(24 * 31);

constexpr std::array target_kinds = {TargetKind::slack, TargetKind::jira, TargetKind::webhook, TargetKind::mail,
                                     TargetKind::teams};
constexpr std::array outcomes = {Outcome::sent, Outcome::later, Outcome::refused, Outcome::closed};

std::string_view name_of_outcome(Outcome outcome) {
    switch (outcome) {
        case Outcome::sent:
            return "sent";
        case Outcome::later:
            return "later";
        case Outcome::refused:
            return "refused";
        case Outcome::closed:
            return "closed";
    }
    return "";
}

}  // namespace

std::string_view name_of(TargetKind kind) {
    switch (kind) {
        case TargetKind::slack:
            return "slack";
        case TargetKind::jira:
            return "jira";
        case TargetKind::webhook:
            return "webhook";
        case TargetKind::mail:
            return "mail";
        case TargetKind::teams:
            return "teams";
    }
    return "";
}

std::optional<TargetKind> target_kind_of(std::string_view name) {
    for (const TargetKind each : target_kinds)
        if (name_of(each) == name) return each;
    return std::nullopt;
}

Result<Json> open_frame(std::string_view json, std::string_view name) {
    auto read = Json::parse(json, frame_bytes_max);
    if (!read) return fail(Fault::malformed, fmt::format("A frame is no JSON within {} bytes.", frame_bytes_max));
    if (!read->at(name).is_object()) return wrong_field(name, "must be an object");
    return read->at(name);
}

void write_texts(JsonWriter& json, std::string_view name, const std::map<std::string, std::string>& texts) {
    json.key(name).open();
    for (const auto& [key, text] : texts) json.field(key, text);
    json.close();
}

std::size_t target_bytes_most(const Target& target) {
    constexpr std::size_t escaped_bytes = 6, around = 256, around_each = 8;
    std::size_t bytes = target.name.size();
    for (const auto& [name, text] : target.settings) bytes += name.size() + text.size() + around_each;
    for (const auto& [name, secret] : target.secrets) bytes += name.size() + secret.size() + around_each;
    return bytes * escaped_bytes + around;
}

void write_target(JsonWriter& json, const Target& target) {
    json.key("target").open().field("name", target.name).field("kind", name_of(target.kind));
    write_texts(json, "settings", target.settings);
    json.key("secrets").open();
    for (const auto& [name, secret] : target.secrets) json.field(name, secret.reveal());
    json.close().close();
}

Result<Target> read_target(const Json& from) {
    if (!from.is_object()) return wrong_field("target", "must be an object");
    Target out;
    TRY(out.name, read_text(from, "name", {.bytes_max = name_bytes_max, .may_be_empty = false}));
    const auto kind = target_kind_of(from.at("kind").text());
    if (!kind) return wrong_field("kind", "must be slack, jira, webhook, mail or teams");
    out.kind = *kind;
    TRY(out.settings, read_texts(from, "settings", settings_max, setting_bytes_max));
    TRY(auto secrets, read_texts(from, "secrets", secrets_max, secret_bytes_max));
    for (auto& [name, text] : secrets) out.secrets.emplace(name, Secret(std::move(text)));
    return out;
}

void write_outcome(JsonWriter& json, Outcome outcome) { json.field("outcome", name_of_outcome(outcome)); }

Result<Outcome> read_outcome(const Json& from) {
    for (const Outcome each : outcomes)
        if (from.at("outcome").text() == name_of_outcome(each)) return each;
    return wrong_field("outcome", "must be sent, later, refused or closed");
}

void write_wait(JsonWriter& json, const std::optional<std::chrono::milliseconds>& wait) {
    if (wait) json.field("wait_ms", std::int64_t{wait->count()});
}

Result<std::optional<std::chrono::milliseconds>> read_wait(const Json& from) {
    if (from.at("wait_ms").is_null()) return std::nullopt;
    TRY(const std::int64_t wait, read_whole(from, "wait_ms", 0, wait_max.count()));
    return std::chrono::milliseconds(wait);
}

}  // namespace bursar::integrations
