#include "service/backup/signature.h"

#include "service/base/crypto.h"

#include <fmt/format.h>

namespace bursar::backup {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256", signed_headers = "host;x-amz-content-sha256;x-amz-date",
                           service = "s3", end_of_scope = "aws4_request";

}  // namespace

std::string amz_date(Timestamp at) {
    std::string text = to_text(std::chrono::floor<std::chrono::seconds>(at)).substr(0, 19);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

std::string authorization(const SignedAsk& ask, const Account& account, Timestamp at) {
    const std::string time = amz_date(at), day = time.substr(0, 8);
    const std::string request =
        fmt::format("{}\n{}\n{}\nhost:{}\nx-amz-content-sha256:{}\nx-amz-date:{}\n\n{}\n{}", ask.method, ask.path,
                    ask.query, ask.host, ask.body_sha256, time, signed_headers, ask.body_sha256);
    const std::string scope = fmt::format("{}/{}/{}/{}", day, account.region, service, end_of_scope);
    const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope, to_hex(sha256(request)));

    std::string first = fmt::format("AWS4{}", account.secret.reveal());
    Digest key = hmac_sha256(first, day);
    wipe(first.data(), first.size());
    for (const std::string_view each : {account.region, service, end_of_scope}) key = hmac_sha256(as_text(key), each);
    const std::string signature = to_hex(hmac_sha256(as_text(key), to_sign));
    wipe(key.data(), key.size());
    return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, account.access_key, scope,
                       signed_headers, signature);
}

}  // namespace bursar::backup
