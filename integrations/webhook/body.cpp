#include "integrations/webhook/body.h"

#include "integrations/message_json.h"
#include "service/base/crypto.h"

#include <fmt/format.h>

namespace bursar::integrations::webhook {

std::string body(const Message& message, std::string_view id, Copy copy) {
    JsonWriter json;
    json.open().field("schema", schema_version).field("id", id).field("perhaps_sent", copy == Copy::perhaps_second);
    json.key("message");
    write(json, message);
    json.close();
    return std::move(json).text();
}

std::string signature(const Secret& key, std::string_view timestamp, std::string_view id, std::string_view body) {
    return "v1=" + to_hex(hmac_sha256(key.reveal(), fmt::format("{}.{}.{}", timestamp, id, body)));
}

}  // namespace bursar::integrations::webhook
