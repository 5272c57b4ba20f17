#include "auth/oidc/issuer.h"

#include "auth/oidc/words.h"

#include <utility>

#include <fmt/format.h>

namespace bursar::oidc {

Issuer::Issuer(Place place, Http http, const Clock& clock)
    : place_(std::move(place)),
      http_(std::move(http)),
      clock_(clock),
      health_(std::make_shared<const auth::DirectoryHealth>(
          auth::DirectoryHealth{.good = true, .text = place_.issuer + " has not been asked yet", .answered_at = {}})) {}

Result<HttpAnswer> Issuer::ask(HttpRequest request) {
    request.ca = place_.ca;
    auto answer = http_(request);
    wipe(request.form.data(), request.form.size());
    wipe(request.authorization.data(), request.authorization.size());
    if (!answer) {
        note(answer.error());
    } else if (answer->status >= 500) {
        note(Error{Fault::directory_unavailable, {}, fmt::format("{} answers {}", request.url, answer->status)});
    } else {
        note(std::nullopt);
    }
    return answer;
}

void Issuer::note(const std::optional<Error>& wrong) {
    auth::DirectoryHealth next = health();
    next.good = !wrong;
    next.text = wrong ? fmt::format("{}: {}", place_.issuer, wrong->operator_text()) : place_.issuer + " answers";
    if (!wrong) next.answered_at = clock_.now();
    health_.set(std::make_shared<const auth::DirectoryHealth>(std::move(next)));
}

Result<Issuer::Document> Issuer::fetch_document() {
    const std::string url = discovery_url(place_.issuer);
    TRY(const HttpAnswer answer, ask({.url = url}));
    if (answer.status != 200) return not_available(fmt::format("discovery: {} answers {}", url, answer.status));
    auto parsed = Metadata::parse(answer.body, place_.issuer);
    if (!parsed) {
        note(parsed.error());
        return std::unexpected(std::move(parsed).error());
    }
    const Moment now = clock_.moment();
    auto kept = std::make_shared<const Kept<Metadata>>(
        Kept<Metadata>{*std::move(parsed), now, now + kept_for(answer.cache_control)});
    document_.set(kept);
    return kept;
}

Result<Issuer::Document> Issuer::document() {
    return document_flight_.join([&]() -> Result<Document> {
        if (auto kept = document_.get(); kept && clock_.moment() < kept->old_at) return kept;
        return fetch_document();
    });
}

Result<Issuer::Keys> Issuer::fetch_keys() {
    std::string url = place_.jwks_uri;
    if (url.empty()) {
        TRY(const Document current, document());
        url = current->what.jwks_uri;
    }
    TRY(const HttpAnswer answer, ask({.url = url}));
    if (answer.status != 200) return not_available(fmt::format("keys: {} answers {}", url, answer.status));
    auto parsed = KeySet::parse(answer.body);
    if (!parsed) {
        note(parsed.error());
        return std::unexpected(std::move(parsed).error());
    }
    const Moment now = clock_.moment();
    auto kept = std::make_shared<const Kept<KeySet>>(
        Kept<KeySet>{*std::move(parsed), now, now + kept_for(answer.cache_control)});
    keys_.set(kept);
    return kept;
}

Result<Issuer::Keys> Issuer::keys() {
    return keys_flight_.join([&]() -> Result<Keys> {
        if (auto kept = keys_.get(); kept && clock_.moment() < kept->old_at) return kept;
        return fetch_keys();
    });
}

Result<Issuer::Keys> Issuer::keys_after(const Keys& seen) {
    return keys_flight_.join([&]() -> Result<Keys> {
        if (auto kept = keys_.get(); kept && kept != seen) return kept;
        const Moment now = clock_.moment();
        {
            const MutexLock lock(mutex_);
            if (fetched_again_at_ && now - *fetched_again_at_ < refetch_every) return seen;
            fetched_again_at_ = now;
        }
        return fetch_keys();
    });
}

Result<Jwt> Issuer::read(std::string_view compact, std::span<const Algorithm> allowed) {
    TRY(Jwt jwt, Jwt::parse(compact));
    TRY(Keys current, keys());
    Verdict verdict = verify(jwt, current->what, allowed);
    if (verdict == Verdict::key_unknown) {
        TRY(current, keys_after(current));
        verdict = verify(jwt, current->what, allowed);
    }
    if (verdict != Verdict::good)
        return not_accepted(fmt::format("{} (alg {}, kid {})", words_for(verdict), in_quotes(jwt.algorithm()),
                                        in_quotes(jwt.key_id())));
    return jwt;
}

}  // namespace bursar::oidc
