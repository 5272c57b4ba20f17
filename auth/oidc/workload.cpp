#include "auth/oidc/claims.h"
#include "auth/oidc/client.h"
#include "auth/oidc/issuer.h"
#include "auth/oidc/url.h"
#include "auth/oidc/words.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

constexpr std::chrono::seconds life_max = std::chrono::hours(24);
/// Keys that could not be fetched anew are used so long: the issuer may be down, but not for ever.
constexpr std::chrono::seconds keys_age_max = std::chrono::hours(24);
constexpr std::size_t pattern_bytes_min = 8;

bool matches(std::string_view pattern, std::string_view subject) {
    if (!pattern.ends_with('*')) return pattern == subject;
    return subject.starts_with(pattern.substr(0, pattern.size() - 1));
}

class TrustedIssuer final : public Workload {
  public:
    TrustedIssuer(WorkloadOptions options, std::vector<Algorithm> algorithms, Http http, const Clock& clock)
        : options_(std::move(options)),
          algorithms_(std::move(algorithms)),
          issuer_({.issuer = options_.issuer, .jwks_uri = options_.jwks_uri, .ca = options_.ca}, std::move(http),
                  clock) {}

    const WorkloadOptions& options() const override { return options_; }

    Result<void> refresh() override {
        const Issuer::Keys before = issuer_.keys_at_hand();
        const bool stranger = unknown_seen_.exchange(false);
        TRY(const Issuer::Keys now, issuer_.keys());
        if (stranger && now == before) TRY_VOID(issuer_.keys_after(now));
        return {};
    }

    Result<WorkloadClaims> verify(std::string_view compact, Timestamp now) const override {
        const Issuer::Keys keys = issuer_.keys_at_hand();
        if (!keys || issuer_.clock().moment() - keys->fetched_at > keys_age_max)
            return not_available(
                fmt::format("workload {}: the keys of {} are not here", options_.name, options_.issuer));
        TRY(const Jwt jwt, Jwt::parse(compact));
        const Verdict verdict = oidc::verify(jwt, keys->what, algorithms_);
        if (verdict == Verdict::key_unknown) unknown_seen_ = true;
        if (verdict != Verdict::good)
            return not_accepted(fmt::format("workload {}: {} (alg {}, kid {})", options_.name, words_for(verdict),
                                            in_quotes(jwt.algorithm()), in_quotes(jwt.key_id())));
        return read(jwt, now);
    }

  private:
    Result<WorkloadClaims> read(const Jwt& jwt, Timestamp now) const;

    const WorkloadOptions options_;
    const std::vector<Algorithm> algorithms_;
    Issuer issuer_;
    mutable std::atomic<bool> unknown_seen_{false};
};

Result<WorkloadClaims> TrustedIssuer::read(const Jwt& jwt, Timestamp now) const {
    const Json& claims = jwt.claims();
    if (!jwt.type().empty() && jwt.type() != "jwt" && jwt.type() != "at+jwt")
        return not_accepted(fmt::format("typ is {}, which no token for a service has", in_quotes(jwt.type())));
    if (claims.member("events") != nullptr || claims.member("nonce") != nullptr)
        return not_accepted("it has events or a nonce: a token of a sign-in or of a logout");
    TRY_VOID(check_issuer(claims, options_.issuer));
    // Whoever else it is for could show it here as well.
    if (!is_for_alone(claims, options_.audience))
        return not_accepted(fmt::format("aud is not {} alone", in_quotes(options_.audience)));
    TRY_VOID(check_times(claims, now));
    const Timestamp expires_at = *instant_at(claims, "exp");
    if (expires_at - *instant_at(claims, "iat") > life_max)
        return not_accepted(fmt::format("it lives longer than {} h", std::chrono::hours(24).count()));
    TRY(std::string subject, identity_at(claims, "sub"));
    if (std::ranges::none_of(options_.subjects, [&](const auto& each) { return matches(each, subject); }))
        return not_accepted(
            fmt::format("sub {} is not among identity.workloads.{}.subjects", in_quotes(subject), options_.name));
    TRY_VOID(check_required(claims, options_.require));
    return WorkloadClaims{.subject = std::move(subject), .expires_at = expires_at, .json = jwt.payload()};
}

std::unexpected<Error> wrong(const WorkloadOptions& options, std::string_view option, std::string_view what) {
    return fail(Fault::wrong_configuration, fmt::format("identity.workloads.{}.{} {}", options.name, option, what));
}

bool is_pattern(std::string_view text) {
    const std::size_t star = text.find('*');
    return !text.empty() && text.size() <= identity_bytes_max &&
           (star == std::string_view::npos || (star == text.size() - 1 && star >= pattern_bytes_min));
}

}  // namespace

Result<std::unique_ptr<Workload>> Workload::make(WorkloadOptions options, Http http, const Clock& clock) {
    // An issuer whose keys are elsewhere is a name and never asked: Kubernetes inside a cluster.
    if (options.issuer.empty() || (options.jwks_uri.empty() && !is_askable(options.issuer)))
        return wrong(options, "issuer", "must be an https address, or jwks_uri must say where the keys are.");
    if (!options.jwks_uri.empty() && !is_askable(options.jwks_uri))
        return wrong(options, "jwks_uri", "must be an https address.");
    if (options.audience.empty())
        return wrong(options, "audience", "is empty. It tells our tokens from those of others.");
    if (options.subjects.empty() || !std::ranges::all_of(options.subjects, is_pattern))
        return wrong(options, "subjects", "must name subjects: whole, or with one * at the end behind 8 characters.");
    TRY(std::vector<Algorithm> algorithms, algorithms_of(options.algorithms, "identity.workloads." + options.name));
    return std::make_unique<TrustedIssuer>(std::move(options), std::move(algorithms), std::move(http), clock);
}

std::string issuer_of(std::string_view compact) {
    const auto jwt = Jwt::parse(compact);
    return jwt ? std::string(jwt->claims().text_at("iss")) : std::string();
}

}  // namespace bursar::oidc
