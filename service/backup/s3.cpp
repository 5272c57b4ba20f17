#include "service/backup/s3.h"

#include "service/backup/backups.h"
#include "service/backup/transfer.h"
#include "service/base/aws_signature.h"
#include "service/base/sha256.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t pages_max = stored_max / 1000, read_bytes = std::size_t{1} << 20, reason_bytes_max = 60;

/// What stands between <name> and </name>, from `at` on, which moves behind it; nothing: there is none.
std::optional<std::string_view> element(std::string_view xml, std::string_view name, std::size_t& at) {
    const std::string begin = fmt::format("<{}>", name), end = fmt::format("</{}>", name);
    const auto first = xml.find(begin, at);
    if (first == std::string_view::npos) return std::nullopt;
    const auto last = xml.find(end, first);
    if (last == std::string_view::npos) return std::nullopt;
    at = last + end.size();
    return xml.substr(first + begin.size(), last - first - begin.size());
}

std::optional<std::string_view> element(std::string_view xml, std::string_view name) {
    std::size_t at = 0;
    return element(xml, name, at);
}

std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           std::string_view("-._~").contains(c);
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

Result<std::string> hash_of_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string piece(read_bytes, '\0');
    Sha256 hash;
    while (in) {
        in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        hash.add({piece.data(), static_cast<std::size_t>(in.gcount())});
    }
    if (in.bad() || !in.eof())
        return fail(Fault::storage_unavailable, fmt::format("{} cannot be read.", file.string()));
    return to_hex(hash.end());
}

class S3 final : public Target {
  public:
    S3(const TargetOptions& options, const Clock& clock) : options_(options), clock_(clock) {}

    Result<void> send(const fs::path& file, const std::string& name, const Secret& secret,
                      const store::GoesOn& goes_on) const override {
        std::error_code error;
        const auto bytes = fs::file_size(file, error);
        if (error) return fail(Fault::storage_unavailable, fmt::format("{} cannot be read.", file.string()));
        if (bytes > sent_bytes_max)
            return fail(Fault::storage_unavailable,
                        fmt::format("{} has {} MiB; a store takes at most {} MiB at once. Send it by sftp, or shorten "
                                    "what is kept.",
                                    name, bytes >> 20, sent_bytes_max >> 20));
        TRY(const std::string hash, hash_of_file(file));
        Exchange put{.url = {}, .method = Method::put};
        put.upload = file;
        TRY_VOID(ask(path_of(name), {}, std::move(put), hash, secret, goes_on));
        // A store that says yes and has something else is no store of ours.
        TRY(const Answer head, ask(path_of(name), {}, {.url = {}, .method = Method::head}, none(), secret, goes_on));
        if (head.bytes == bytes) return {};
        return fail(Fault::storage_unavailable, fmt::format("{} was sent with {} bytes, but {} has {} of them.", name,
                                                            bytes, options_.place.host, head.bytes));
    }

    Result<std::vector<Stored>> list(const Secret& secret, const store::GoesOn& goes_on) const override {
        std::vector<Stored> all;
        std::string next;
        for (std::size_t i = 0; i < pages_max; ++i) {
            const std::string query =
                fmt::format("{}list-type=2&prefix={}", next.empty() ? "" : "continuation-token=" + encoded(next) + "&",
                            encoded(options_.prefix));
            TRY(const Answer answer, ask("/" + options_.bucket, query, {}, none(), secret, goes_on));
            TRY(const Page page, read_page(answer.body, options_.prefix));
            all.insert(all.end(), page.stored.begin(), page.stored.end());
            next = page.next;
            if (next.empty()) break;
        }
        std::ranges::sort(all, std::greater{}, &Stored::name);
        return all;
    }

    Result<void> remove(const std::string& name, const Secret& secret, const store::GoesOn& goes_on) const override {
        TRY_VOID(ask(path_of(name), {}, {.url = {}, .method = Method::remove}, none(), secret, goes_on));
        return {};
    }

    Result<void> fetch(const std::string& name, const fs::path& to, const Secret& secret,
                       const store::GoesOn& goes_on) const override {
        Exchange get;
        get.into = to;
        const auto answer = ask(path_of(name), {}, std::move(get), none(), secret, goes_on);
        if (answer) return {};
        return std::unexpected(answer.error());
    }

  private:
    static std::string none() { return to_hex(sha256("")); }
    std::string path_of(const std::string& name) const {
        return fmt::format("/{}/{}{}", options_.bucket, options_.prefix, name);
    }

    Result<Answer> ask(const std::string& path, const std::string& query, Exchange exchange, const std::string& hash,
                       const Secret& secret, const store::GoesOn& goes_on) const {
        const std::string host = options_.place.host_header(), whole = options_.place.path + path;
        const Timestamp now = clock_.now();
        const std::string date = aws::amz_date(now);
        const std::array<aws::SignedHeader, 3> headers = {
            {{"host", host}, {"x-amz-content-sha256", hash}, {"x-amz-date", date}}};
        const std::string signature = aws::authorization({.method = word_of(exchange.method),
                                                          .path = whole,
                                                          .query = query,
                                                          .headers = headers,
                                                          .body_sha256 = hash,
                                                          .path_form = aws::PathForm::as_sent},
                                                         {options_.access_key, options_.region, "s3", secret}, now);
        exchange.url =
            fmt::format("{}://{}{}{}{}", options_.place.scheme, host, whole, query.empty() ? "" : "?", query);
        exchange.headers = {"Host: " + host, "x-amz-content-sha256: " + hash, "x-amz-date: " + date,
                            "Authorization: " + signature, "Expect:"};
        const auto into = exchange.into;
        TRY(Answer answer, carry(options_, exchange, goes_on));
        if (answer.status >= 200 && answer.status < 300) return answer;
        std::error_code ignored;
        if (into) fs::remove(*into, ignored);
        return refused(answer);
    }

    static std::string_view word_of(Method method) {
        switch (method) {
            case Method::get:
                return "GET";
            case Method::head:
                return "HEAD";
            case Method::put:
                return "PUT";
            case Method::remove:
                return "DELETE";
        }
        return {};
    }

    /// A store's own words stay out of the sentence, but for its code.
    std::unexpected<Error> refused(const Answer& answer) const {
        std::string code(element(answer.body, "Code").value_or("").substr(0, reason_bytes_max));
        std::erase_if(code, [](char c) { return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z'); });
        std::string_view advice = "See the log of the store.";
        if (answer.status == 403)
            advice = "Check access_key and the secret, the rights of the account and the clock here.";
        if (answer.status == 404) advice = "Check the name, bucket and prefix.";
        if (answer.status == 301 || answer.status == 307) advice = "Check url and region: it is somewhere else.";
        if (answer.status == 507 || code == "QuotaExceeded") advice = "It is full: make room there, or keep fewer.";
        return fail(Fault::storage_unavailable, fmt::format("{} answers {}{}{}. {}", options_.place.host, answer.status,
                                                            code.empty() ? "" : " ", code, advice));
    }

    const TargetOptions options_;
    const Clock& clock_;
};

}  // namespace

Result<Page> read_page(std::string_view xml, std::string_view prefix) {
    const auto wrong = fail(Fault::storage_unavailable,
                            "What answers is no S3-compatible store: its list of objects makes no sense. Check url.");
    const auto result = xml.find("<ListBucketResult");
    if (result == std::string_view::npos || !xml.contains("</ListBucketResult>")) return wrong;
    Page page;
    std::size_t at = result;
    while (const auto object = element(xml, "Contents", at)) {
        const auto key = element(*object, "Key"), size = element(*object, "Size");
        if (!key || !size) return wrong;
        std::uint64_t bytes = 0;
        const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), bytes);
        if (error != std::errc{} || end != size->data() + size->size()) return wrong;
        if (!key->starts_with(prefix) || !made_at(key->substr(prefix.size()))) continue;
        page.stored.push_back({.name = std::string(key->substr(prefix.size())), .bytes = bytes});
    }
    if (element(xml, "IsTruncated").value_or("false") != "true") return page;
    page.next = element(xml, "NextContinuationToken").value_or("");
    if (page.next.empty()) return wrong;
    return page;
}

std::unique_ptr<Target> s3_target(const TargetOptions& options, const Clock& clock) {
    return std::make_unique<S3>(options, clock);
}

}  // namespace bursar::backup
