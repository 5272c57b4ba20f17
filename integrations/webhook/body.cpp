#include "integrations/webhook/body.h"

#include "integrations/message_json.h"
#include "integrations/report/report_json.h"
#include "service/base/crypto.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::webhook {

namespace {

Message without_reports(Message message) {
    std::erase_if(message.attachments, [](const Attachment& each) { return each.type == report::report_type; });
    return message;
}

}  // namespace

std::string body(const Message& message, std::string_view id, Copy copy) {
    JsonWriter json;
    json.open().field("schema", schema_version).field("id", id).field("perhaps_sent", copy == Copy::perhaps_second);
    json.key("message");
    const auto attached = std::ranges::find(message.attachments, report::report_type, &Attachment::type);
    if (attached == message.attachments.end()) {
        write(json, message);
    } else {
        write(json, without_reports(message));
        // Written anew, so that nothing but a report can stand there.
        if (const auto read = report::read_report(attached->bytes)) json.key("report").raw(report::write_report(*read));
    }
    json.close();
    return std::move(json).text();
}

std::string signature(const Secret& key, std::string_view timestamp, std::string_view id, std::string_view body) {
    return "v1=" + to_hex(hmac_sha256(key.reveal(), fmt::format("{}.{}.{}", timestamp, id, body)));
}

}  // namespace bursar::integrations::webhook
