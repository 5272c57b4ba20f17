#include "auth/oidc/test_steps.h"

#include "auth/oidc/claims.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

using auth::Step;

/// A sign-in comes to these in this order; the first one that is bad ends the test.
constexpr std::array<std::string_view, 6> step_names = {"resolve", "TLS", "discovery", "keys", "clock", "abilities"};

class Report {
  public:
    void good(std::string text) { add(Step::State::good, std::move(text)); }
    void bad(std::string text) { add(Step::State::bad, std::move(text)); }
    std::vector<Step> ended() && {
        while (steps_.size() < step_names.size())
            add(Step::State::skipped, "not looked at, because a step before it failed");
        return std::move(steps_);
    }

  private:
    void add(Step::State state, std::string text) {
        steps_.push_back({.name = std::string(step_names[steps_.size()]), .state = state, .text = std::move(text)});
    }
    std::vector<Step> steps_;
};

/// Which step an exchange failed at, by the word that its error begins with (http.h).
bool failed_at(const Error& error, std::string_view word) { return error.operator_text().starts_with(word); }

bool reached(Report& report, const Result<HttpAnswer>& answer, std::string_view url) {
    if (!answer && (failed_at(answer.error(), http_resolve) || failed_at(answer.error(), http_connect))) {
        report.bad(std::string(answer.error().operator_text()));
        return false;
    }
    report.good(fmt::format("the host of {} has an address and takes connections", url));
    if (!answer && failed_at(answer.error(), http_tls)) {
        report.bad(std::string(answer.error().operator_text()));
        return false;
    }
    report.good(url.starts_with("https://") ? "the certificate is for that host, in force, and of a CA that is trusted"
                                            : "plain HTTP on this machine's loopback: fit for trying out only");
    if (answer && answer->status == 200) return true;
    report.bad(answer ? fmt::format("{} answers {}; is the issuer written right?", url, answer->status)
                      : std::string(answer.error().operator_text()));
    return false;
}

void look_at_clock(Report& report, const HttpAnswer& answer, Timestamp now) {
    const auto theirs = parse_http_date(answer.date);
    if (!theirs) {
        report.good("the provider does not tell its time");
        return;
    }
    const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(now - *theirs);
    if (std::chrono::abs(ahead) > skew_max)
        report.bad(
            fmt::format("the clock here is {} s {} the provider's; more than {} s and tokens are refused. Look at "
                        "the time service of both machines",
                        std::chrono::abs(ahead).count(), ahead.count() > 0 ? "ahead of" : "behind", skew_max.count()));
    else
        report.good(fmt::format("the clocks are within {} s", std::chrono::abs(ahead).count() + 1));
}

void look_at_abilities(Report& report, const Metadata& metadata, std::span<const Algorithm> allowed) {
    const auto offered = [&](Algorithm each) {
        return std::ranges::find(metadata.algorithms, name_of(each)) != metadata.algorithms.end();
    };
    std::string names;
    for (const Algorithm each : allowed) names.append(names.empty() ? "" : ", ").append(name_of(each));
    if (!metadata.algorithms.empty() && std::ranges::none_of(allowed, offered)) {
        report.bad(fmt::format("the provider signs ID tokens with none of {}; it has {}", names,
                               fmt::join(metadata.algorithms, ", ")));
        return;
    }
    if (const auto whole = metadata.is_whole_for_sign_in(); !whole) {
        report.bad(std::string(whole.error().operator_text()));
        return;
    }
    const auto can = [](bool has) { return has ? "yes" : "no"; };
    report.good(
        fmt::format("algorithms {}; userinfo: {}; logout there too: {}; tells us of logouts: {}; device sign-in: "
                    "{}; names itself in redirects: {}",
                    names, can(!metadata.userinfo_endpoint.empty()), can(!metadata.end_session_endpoint.empty()),
                    can(metadata.backchannel_logout), can(!metadata.device_authorization_endpoint.empty()),
                    can(metadata.names_itself)));
}

bool take_number(std::string_view text, std::size_t at, std::size_t digits, int& out) {
    const char* from = text.data() + at;
    const auto [end, error] = std::from_chars(from, from + digits, out);
    return error == std::errc() && end == from + digits;
}

}  // namespace

std::optional<Timestamp> parse_http_date(std::string_view text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
    int day = 0, year = 0, hour = 0, minute = 0, second = 0;
    const bool numbers = take_number(text, 5, 2, day) && take_number(text, 12, 4, year) &&
                         take_number(text, 17, 2, hour) && take_number(text, 20, 2, minute) &&
                         take_number(text, 23, 2, second);
    const std::size_t month = months.find(text.substr(8, 3));
    if (!numbers || month == std::string_view::npos || month % 3 != 0) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    // The range of Timestamp ends in 2262.
    if (!date.ok() || year < 1970 || year > 2200) return std::nullopt;
    return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

std::vector<Step> look_at(Issuer& issuer, std::span<const Algorithm> allowed) {
    Report report;
    const std::string url = discovery_url(issuer.name());
    const auto answer = issuer.ask({.url = url});
    if (!reached(report, answer, url)) return std::move(report).ended();
    const auto metadata = Metadata::parse(answer->body, issuer.name());
    if (!metadata) {
        report.bad(std::string(metadata.error().operator_text()));
        return std::move(report).ended();
    }
    report.good(fmt::format("the document is of {}", metadata->issuer));

    const auto keys = issuer.ask({.url = metadata->jwks_uri});
    const auto set = !keys ? Result<KeySet>(std::unexpected(keys.error())) : KeySet::parse(keys->body);
    if (!set || keys->status != 200) {
        report.bad(set ? fmt::format("{} answers {}", metadata->jwks_uri, keys->status)
                       : std::string(set.error().operator_text()));
        return std::move(report).ended();
    }
    report.good(fmt::format("{} keys for signatures, {} others", set->keys.size(), set->others));
    look_at_clock(report, *answer, issuer.clock().now());
    look_at_abilities(report, *metadata, allowed);
    return std::move(report).ended();
}

}  // namespace bursar::oidc
