#include "integrations/wire.h"

#include "integrations/fields.h"
#include "integrations/message_json.h"
#include "integrations/text.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::integrations {
namespace {

constexpr std::size_t id_bytes_max = 128, name_bytes_max = 200, settings_max = 64, setting_bytes_max = 256 << 10,
                      secrets_max = 16, secret_bytes_max = 64 << 10, thread_names_max = 16, thread_bytes_max = 1000,
                      version_bytes_max = 100, length_bytes = 4;
constexpr int at_once_max = 1000;
constexpr std::chrono::milliseconds wait_max = std::chrono::hours(24 * 31);
/// More than what we write, for a courier of another version.
constexpr std::size_t receipt_text_bytes_read_max = 2 * receipt_text_bytes_max;

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

/// The one object of a frame, by the name of what it is.
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

/// Room for a delivery in which every byte of the target is escaped: a string that grew would leave copies of the
/// secrets behind.
std::size_t delivery_bytes_most(const Delivery& delivery, std::size_t message_bytes) {
    constexpr std::size_t escaped_bytes = 6, around = 1024, around_each = 8;
    std::size_t bytes = delivery.id.size() + delivery.target.name.size();
    const auto add = [&bytes](std::string_view name, std::size_t size) { bytes += name.size() + size + around_each; };
    for (const auto& [name, text] : delivery.target.settings) add(name, text.size());
    for (const auto& [name, text] : delivery.thread) add(name, text.size());
    for (const auto& [name, secret] : delivery.target.secrets) add(name, secret.size());
    return bytes * escaped_bytes + message_bytes + around;
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

std::string write_hello(const Hello& hello) {
    JsonWriter json;
    json.open().key("courier").open().field("wire", hello.wire).field("version", hello.version);
    json.field("at_once", hello.at_once).close().close();
    return std::move(json).text();
}

Result<Hello> read_hello(std::string_view json) {
    TRY(const Json from, open_frame(json, "courier"));
    Hello out;
    TRY(const std::int64_t wire, read_whole(from, "wire", 1, 1'000'000));
    TRY(out.version, read_text(from, "version", {.bytes_max = version_bytes_max}));
    TRY(const std::int64_t at_once, read_whole(from, "at_once", 1, at_once_max));
    out.wire = static_cast<int>(wire);
    out.at_once = static_cast<int>(at_once);
    return out;
}

Secret write_delivery(const Delivery& delivery) {
    const std::string message = write_message(delivery.message);
    JsonWriter json(delivery_bytes_most(delivery, message.size()));
    json.open().key("delivery").open().field("id", delivery.id);
    json.key("target").open().field("name", delivery.target.name).field("kind", name_of(delivery.target.kind));
    write_texts(json, "settings", delivery.target.settings);
    json.key("secrets").open();
    for (const auto& [name, secret] : delivery.target.secrets) json.field(name, secret.reveal());
    json.close().close();
    json.key("message").raw(message);
    write_texts(json, "thread", delivery.thread);
    json.field("perhaps_sent", delivery.perhaps_sent).close().close();
    return Secret(std::move(json).text());
}

Result<Delivery> read_delivery(std::string_view json) {
    TRY(const Json from, open_frame(json, "delivery"));
    Delivery out;
    TRY(out.id, read_text(from, "id", {.bytes_max = id_bytes_max, .may_be_empty = false}));
    TRY(out.target, read_target(from.at("target")));
    TRY(out.message, read_message(from.at("message")));
    TRY(out.thread, read_texts(from, "thread", thread_names_max, thread_bytes_max));
    TRY(out.perhaps_sent, read_truth(from, "perhaps_sent"));
    return out;
}

std::string delivery_id(std::string_view json) {
    const auto from = open_frame(json, "delivery");
    if (!from) return {};
    return read_text(*from, "id", {.bytes_max = id_bytes_max}).value_or(std::string());
}

std::string write_receipt(const Receipt& receipt) {
    JsonWriter json;
    json.open().key("receipt").open().field("id", receipt.id).field("outcome", name_of_outcome(receipt.outcome));
    write_texts(json, "thread", receipt.thread);
    if (receipt.wait) json.field("wait_ms", std::int64_t{receipt.wait->count()});
    json.field("reason", cut_bytes(receipt.reason, receipt_text_bytes_max));
    json.field("answer", cut_bytes(receipt.answer, receipt_text_bytes_max));
    json.field("perhaps_sent", receipt.perhaps_sent).close().close();
    return std::move(json).text();
}

Result<Receipt> read_receipt(std::string_view json) {
    TRY(const Json from, open_frame(json, "receipt"));
    Receipt out;
    TRY(out.id, read_text(from, "id", {.bytes_max = id_bytes_max, .may_be_empty = false}));
    bool known = false;
    for (const Outcome each : outcomes) {
        if (from.at("outcome").text() != name_of_outcome(each)) continue;
        out.outcome = each;
        known = true;
    }
    if (!known) return wrong_field("outcome", "must be sent, later, refused or closed");
    TRY(out.thread, read_texts(from, "thread", thread_names_max, thread_bytes_max));
    if (!from.at("wait_ms").is_null()) {
        TRY(const std::int64_t wait, read_whole(from, "wait_ms", 0, wait_max.count()));
        out.wait = std::chrono::milliseconds(wait);
    }
    TRY(out.reason, read_text(from, "reason", {.bytes_max = receipt_text_bytes_read_max}));
    TRY(out.answer, read_text(from, "answer", {.bytes_max = receipt_text_bytes_read_max}));
    TRY(out.perhaps_sent, read_truth(from, "perhaps_sent"));
    return out;
}

std::string write_message(const Message& message) {
    JsonWriter json;
    write(json, message);
    return std::move(json).text();
}

Result<Message> read_message(std::string_view json) {
    const auto from = Json::parse(json, frame_bytes_max);
    if (!from) return fail(Fault::malformed, fmt::format("A message is no JSON within {} bytes.", frame_bytes_max));
    return read_message(*from);
}

bool Frames::add(std::string_view bytes) {
    buffer_.erase(0, taken_);
    taken_ = 0;
    buffer_.append(bytes);
    return waits_for() <= frame_bytes_max;
}

std::optional<std::string> Frames::next() {
    const std::size_t size = waits_for(), waiting = buffer_.size() - taken_;
    if (size > frame_bytes_max || waiting < length_bytes || waiting - length_bytes < size) return std::nullopt;
    std::string out = buffer_.substr(taken_ + length_bytes, size);
    taken_ += length_bytes + size;
    return out;
}

std::size_t Frames::waits_for() const {
    if (buffer_.size() - taken_ < length_bytes) return 0;
    std::size_t size = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | static_cast<unsigned char>(buffer_[taken_ + i]);
    return size;
}

std::string framed(std::string_view json) {
    std::string out;
    out.reserve(length_bytes + json.size());
    for (std::size_t i = length_bytes; i-- > 0;) out.push_back(static_cast<char>(json.size() >> (8 * i) & 0xffU));
    return out.append(json);
}

}  // namespace bursar::integrations
