#include "integrations/courier/senders.h"

#include "integrations/mail/answers.h"
#include "integrations/mail/mail.h"
#include "integrations/slack/answers.h"
#include "integrations/slack/blocks.h"
#include "integrations/teams/card.h"
#include "integrations/webhook/body.h"

#include <chrono>

#include <fmt/format.h>

namespace bursar::courier {
namespace {

constexpr const char* json_type = "application/json; charset=utf-8";

/// A webhook whose address is the secret.
HttpRequest to_webhook(const Delivery& delivery, const Secret& address, std::string body) {
    return {.url = address.duplicate(),
            .headers = {{"Content-Type", json_type}},
            .body = std::move(body),
            .way = way_of(delivery.target)};
}

}  // namespace

std::string setting_of(const Delivery& delivery, const char* name) {
    const auto found = delivery.target.settings.find(name);
    return found == delivery.target.settings.end() ? std::string() : found->second;
}

const Secret* secret_of(const Delivery& delivery, const char* name) {
    const auto found = delivery.target.secrets.find(name);
    return found == delivery.target.secrets.end() || found->second.empty() ? nullptr : &found->second;
}

Receipt wrong_target(const Delivery& delivery, std::string reason) {
    return integrations::receipt_of(delivery, {.outcome = Outcome::closed, .reason = std::move(reason)},
                                    {.trouble = "nothing was sent"});
}

Task<Receipt> tell(Means& means, const Delivery& delivery) {
    switch (delivery.target.kind) {
        case integrations::TargetKind::slack:
            return secret_of(delivery, "token") == nullptr ? tell_slack(means, delivery)
                                                           : tell_slack_as_bot(means, delivery);
        case integrations::TargetKind::jira:
            return tell_jira(means, delivery);
        case integrations::TargetKind::webhook:
            return tell_webhook(means, delivery);
        case integrations::TargetKind::mail:
            return tell_mail(means, delivery);
        case integrations::TargetKind::teams:
            return tell_teams(means, delivery);
    }
    std::terminate();
}

Task<Receipt> tell_slack(Means& means, const Delivery& delivery) {
    const Secret* address = secret_of(delivery, "webhook");
    if (address == nullptr) co_return wrong_target(delivery, "The secret \"webhook\" is missing.");
    HttpRequest request =
        to_webhook(delivery, *address, integrations::slack::payload(delivery.message, copy_of(delivery)));
    const Answer answer = co_await ask(means.webhooks, std::move(request));
    const Verdict verdict = integrations::slack::judge_webhook(answer, means.clock.now());
    co_return integrations::receipt_of(delivery, verdict, answer);
}

Task<Receipt> tell_teams(Means& means, const Delivery& delivery) {
    const Secret* address = secret_of(delivery, "webhook");
    if (address == nullptr) co_return wrong_target(delivery, "The secret \"webhook\" is missing.");
    HttpRequest request =
        to_webhook(delivery, *address, integrations::teams::payload(delivery.message, copy_of(delivery)));
    const Answer answer = co_await ask(means.webhooks, std::move(request));
    const Verdict verdict = integrations::teams::judge(answer, means.clock.now());
    co_return integrations::receipt_of(delivery, verdict, answer);
}

Task<Receipt> tell_webhook(Means& means, const Delivery& delivery) {
    const Secret* key = secret_of(delivery, "key");
    if (key == nullptr) co_return wrong_target(delivery, "The secret \"key\" of the signature is missing.");
    HttpRequest request{.url = Secret(setting_of(delivery, "url")), .way = way_of(delivery.target)};
    request.body = integrations::webhook::body(delivery.message, delivery.id, copy_of(delivery));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(means.clock.now()).time_since_epoch().count();
    const std::string timestamp = fmt::format("{}", seconds);
    request.headers = {
        {"Content-Type", json_type},
        {"Bursar-Id", delivery.id},
        {"Bursar-Timestamp", timestamp},
        {"Bursar-Signature", integrations::webhook::signature(*key, timestamp, delivery.id, request.body)}};
    if (const Secret* authorization = secret_of(delivery, "authorization"))
        request.authorization = authorization->duplicate();
    if (!delivery.message.attachments.empty()) request.timeout = upload_timeout;
    const Answer answer = co_await ask(means.services, std::move(request));
    const Verdict verdict = integrations::judge_status(answer, "The receiver", means.clock.now());
    co_return integrations::receipt_of(delivery, verdict, answer);
}

Task<Receipt> tell_mail(Means& means, const Delivery& delivery) {
    const auto from = integrations::mail::Mailbox::read(setting_of(delivery, "from"));
    if (!from) co_return wrong_target(delivery, "The setting \"from\" is wrong: " + from.error().for_caller);
    const auto to = integrations::mail::read_mailboxes(setting_of(delivery, "to"));
    if (!to) co_return wrong_target(delivery, "The setting \"to\" is wrong: " + to.error().for_caller);
    MailRequest request{.server = setting_of(delivery, "server"),
                        .user = setting_of(delivery, "user"),
                        .from = from->address,
                        .way = way_of(delivery.target)};
    if (const Secret* password = secret_of(delivery, "password")) request.password = password->duplicate();
    for (const auto& each : *to) request.to.push_back(each.address);
    request.mail =
        integrations::mail::mail(delivery.message, copy_of(delivery),
                                 {.from = *from, .to = *to, .delivery_id = delivery.id, .now = means.clock.now()});
    const MailAnswer got = co_await send(means.smtp, std::move(request));
    const Verdict verdict = integrations::mail::judge(got.answer, got.login_denied);
    co_return integrations::receipt_of(delivery, verdict, got.answer);
}

}  // namespace bursar::courier
