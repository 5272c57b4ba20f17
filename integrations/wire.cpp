#include "integrations/wire.h"

#include "integrations/message_json.h"
#include "integrations/text.h"
#include "integrations/wire_parts.h"

#include <utility>

#include <fmt/format.h>

namespace bursar::integrations {
namespace {

constexpr std::size_t thread_names_max = 16, thread_bytes_max = 1000, version_bytes_max = 100, length_bytes = 4;
constexpr int at_once_max = 1000;

std::size_t delivery_bytes_most(const Delivery& delivery, std::size_t message_bytes) {
    constexpr std::size_t escaped_bytes = 6, around = 1024, around_each = 8;
    std::size_t bytes = delivery.id.size();
    for (const auto& [name, text] : delivery.thread) bytes += name.size() + text.size() + around_each;
    return bytes * escaped_bytes + target_bytes_most(delivery.target) + message_bytes + around;
}

}  // namespace

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
    write_target(json, delivery.target);
    json.key("message").raw(message);
    write_texts(json, "thread", delivery.thread);
    json.field("perhaps_sent", delivery.perhaps_sent).close().close();
    return Secret(std::move(json).text());
}

Result<Delivery> read_delivery(std::string_view json) {
    TRY(const Json from, open_frame(json, "delivery"));
    Delivery out;
    TRY(out.id, read_text(from, "id", {.bytes_max = frame_id_bytes_max, .may_be_empty = false}));
    TRY(out.target, read_target(from.at("target")));
    TRY(out.message, read_message(from.at("message")));
    TRY(out.thread, read_texts(from, "thread", thread_names_max, thread_bytes_max));
    TRY(out.perhaps_sent, read_truth(from, "perhaps_sent"));
    return out;
}

std::string delivery_id(std::string_view json) {
    const auto from = open_frame(json, "delivery");
    if (!from) return {};
    return read_text(*from, "id", {.bytes_max = frame_id_bytes_max}).value_or(std::string());
}

std::string write_receipt(const Receipt& receipt) {
    JsonWriter json;
    json.open().key("receipt").open().field("id", receipt.id);
    write_outcome(json, receipt.outcome);
    write_texts(json, "thread", receipt.thread);
    write_wait(json, receipt.wait);
    json.field("reason", cut_bytes(receipt.reason, receipt_text_bytes_max));
    json.field("answer", cut_bytes(receipt.answer, receipt_text_bytes_max));
    json.field("perhaps_sent", receipt.perhaps_sent).close().close();
    return std::move(json).text();
}

Result<Receipt> read_receipt(std::string_view json) {
    TRY(const Json from, open_frame(json, "receipt"));
    Receipt out;
    TRY(out.id, read_text(from, "id", {.bytes_max = frame_id_bytes_max, .may_be_empty = false}));
    TRY(out.outcome, read_outcome(from));
    TRY(out.thread, read_texts(from, "thread", thread_names_max, thread_bytes_max));
    TRY(out.wait, read_wait(from));
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
