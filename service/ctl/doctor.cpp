#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QTimeZone>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

struct Finding {
    std::string name;
    bool good = true;
    std::string text;
};

constexpr long certificate_days_min = 14;
constexpr qint64 clock_seconds_apart_max = 30;

/// Clocks that differ break periods, tokens and certificates in ways that nobody looks for in a clock.
void check_clock(const Reply& reply, std::vector<Finding>& findings) {
    if (reply.date.empty()) return;
    auto theirs =
        QLocale::c().toDateTime(QString::fromStdString(reply.date), QStringLiteral("ddd, dd MMM yyyy HH:mm:ss 'GMT'"));
    theirs.setTimeZone(QTimeZone::utc());
    if (!theirs.isValid()) return;
    const qint64 apart = std::abs(theirs.secsTo(QDateTime::currentDateTimeUtc()));
    if (apart <= clock_seconds_apart_max)
        findings.push_back({"clock", true, "the service's clock and this machine's agree"});
    else
        findings.push_back(
            {"clock", false,
             fmt::format("the service's clock and this machine's are {} seconds apart; set both by NTP", apart)});
}

void check_certificate(const Api& api, std::vector<Finding>& findings) {
    const Certificate& shown = api.certificate();
    if (shown.subject.empty()) return;
    const bool good = shown.days_left >= certificate_days_min;
    findings.push_back({"certificate", good,
                        fmt::format("{} by {}, until {} ({} days){}", shown.subject, shown.issuer, shown.expires_at,
                                    shown.days_left, good ? "" : "; put a new one in place and send bursard SIGHUP")});
}

void add_checks(const Reply& reply, std::vector<Finding>& findings) {
    const QJsonObject object = QJsonDocument::fromJson(QByteArray::fromStdString(reply.body)).object();
    for (const QJsonValue& item : object.value(QLatin1String("checks")).toArray()) {
        const QJsonObject check = item.toObject();
        const std::string name = check.value(QLatin1String("name")).toString().toStdString();
        if (std::ranges::any_of(findings, [&name](const Finding& finding) { return finding.name == name; })) continue;
        findings.push_back({name, check.value(QLatin1String("good")).toBool(),
                            check.value(QLatin1String("text")).toString().toStdString()});
    }
}

void check_token(Api& api, std::vector<Finding>& findings) {
    if (api.settings().sign_in) {
        if (const auto used = use_sign_in(api); !used) {
            findings.push_back({"token", false, used.error().text});
            return;
        }
    }
    if (api.settings().token.empty()) {
        findings.push_back({"token", true, "none given, so what only operators see was not looked at"});
        return;
    }
    const bool is_person = api.settings().is_person;
    const auto who = api.call({.path = is_person ? "/api/v1/me" : "/api/v1/whoami"});
    if (!who) {
        findings.push_back({"token", false, who.error().text});
        return;
    }
    const QJsonObject me = QJsonDocument::fromJson(QByteArray::fromStdString(who->body)).object();
    findings.push_back(
        {"token", true,
         fmt::format("{}, {}", cell(me.value(is_person ? QLatin1String("person") : QLatin1String("name"))),
                     cell(me.value(QLatin1String("role"))))});
    if (me.value(QLatin1String("role")).toString() == QLatin1String("member")) return;
    if (const auto checks = api.call({.path = "/api/v1/checks"}))
        add_checks(*checks, findings);
    else
        findings.push_back({"checks", false, checks.error().text});
}

std::vector<Finding> look(Api& api) {
    std::vector<Finding> findings;
    const auto alive = api.exchange({.path = "/healthz"});
    if (!alive) {
        findings.push_back({"connection", false, alive.error().text});
        return findings;
    }
    findings.push_back({"connection", true, fmt::format("{} answers", api.settings().origin)});
    check_certificate(api, findings);
    check_clock(*alive, findings);
    findings.push_back({"healthz", alive->status == 200, fmt::format("status {}", alive->status)});
    const auto ready = api.exchange({.path = "/readyz"});
    if (!ready) {
        findings.push_back({"readyz", false, ready.error().text});
        return findings;
    }
    findings.push_back(
        {"readyz", ready->status == 200, ready->status == 200 ? "ready to serve" : "not ready; the reasons follow"});
    check_token(api, findings);
    add_checks(*ready, findings);
    return findings;
}

std::string as_json(const std::vector<Finding>& findings, bool good) {
    JsonWriter json;
    json.open().field("good", good).key("findings").open_list();
    for (const Finding& finding : findings)
        json.open().field("name", finding.name).field("good", finding.good).field("text", finding.text).close();
    json.close_list().close();
    return std::move(json).text();
}

}  // namespace

Outcome<Exit> doctor(Context& context) {
    const auto findings = look(context.api);
    const auto bad = std::ranges::count_if(findings, [](const Finding& finding) { return !finding.good; });
    if (context.json()) {
        print(as_json(findings, bad == 0) + "\n");
    } else {
        std::vector<std::vector<std::string>> rows;
        for (const Finding& finding : findings)
            rows.push_back({finding.good ? "ok" : "BAD", finding.name, finding.text});
        print(table({{"STATE"}, {"WHAT"}, {"FOUND"}}, rows));
    }
    if (bad == 0) return Exit::ok;
    remark(bad == 1 ? "1 thing is bad." : fmt::format("{} things are bad.", bad));
    return Exit::failed;
}

Outcome<Exit> completion(Context& context) {
    if (context.word(0) != "bash")
        return wrong_usage(fmt::format("There is completion for bash, not for '{}'.", context.word(0)));
    print(bash_completion(context.commands));
    return Exit::ok;
}

}  // namespace bursar::ctl
