#include "service/base/aws_signature.h"

#include "service/base/crypto.h"

#include <fmt/format.h>

namespace bursar::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256", end_of_scope = "aws4_request";

std::string escaped_again(std::string_view path) {
    std::string out;
    out.reserve(path.size() + 16);
    for (const char c : path) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           std::string_view("-._~/").contains(c);
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace

std::string amz_date(Timestamp at) {
    std::string text = to_text(std::chrono::floor<std::chrono::seconds>(at)).substr(0, 19);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

std::string authorization(const SignedAsk& ask, const Account& account, Timestamp at) {
    const std::string time = amz_date(at), day = time.substr(0, 8);
    std::string lines, names;
    for (const SignedHeader& header : ask.headers) {
        lines.append(header.name).append(":").append(header.value).append("\n");
        names.append(names.empty() ? "" : ";").append(header.name);
    }
    const std::string path = ask.path_form == PathForm::as_sent ? std::string(ask.path) : escaped_again(ask.path);
    const std::string request =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}", ask.method, path, ask.query, lines, names, ask.body_sha256);
    const std::string scope = fmt::format("{}/{}/{}/{}", day, account.region, account.service, end_of_scope);
    const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope, to_hex(sha256(request)));

    std::string first = fmt::format("AWS4{}", account.secret.reveal());
    Digest key = hmac_sha256(first, day);
    wipe(first.data(), first.size());
    for (const std::string_view each : {account.region, account.service, end_of_scope})
        key = hmac_sha256(as_text(key), each);
    const std::string signature = to_hex(hmac_sha256(as_text(key), to_sign));
    wipe(key.data(), key.size());
    return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, account.access_key, scope,
                       names, signature);
}

}  // namespace bursar::aws
