#include "integrations/address.h"
#include "integrations/courier/senders.h"
#include "integrations/slack/answers.h"
#include "integrations/slack/blocks.h"
#include "service/base/json.h"

#include <fmt/format.h>

namespace bursar::courier {
namespace {

using integrations::slack::ApiAnswer;
using integrations::slack::payload;

constexpr std::string_view own_api = "https://slack.com/api";

/// Slack names the place where the bytes of a file go; they go nowhere but to Slack, or to where the API is.
bool is_of_slack(std::string_view url, std::string_view api) {
    if (!integrations::is_askable(url)) return false;
    const std::string origin = integrations::origin_of(url);
    return origin == integrations::origin_of(api) || (origin.starts_with("https://") && origin.ends_with(".slack.com"));
}

class Bot {
  public:
    Bot(Means& means, const Delivery& delivery) : means_(means), delivery_(delivery) {
        api_ = setting_of(delivery, "api");
        if (api_.empty()) api_ = own_api;
        while (api_.ends_with('/')) api_.pop_back();
        channel_ = of_thread("channel");
        if (channel_.empty()) channel_ = setting_of(delivery, "channel");
        ts_ = of_thread("ts");
    }

    Task<Receipt> tell() {
        Verdict verdict;
        if (of_thread(told_name) == delivery_.id) verdict.outcome = Outcome::sent;
        if (verdict.outcome != Outcome::sent && !ts_.empty()) verdict = co_await go_on();
        if (verdict.outcome != Outcome::sent && ts_.empty()) verdict = co_await begin_thread();
        if (verdict.outcome != Outcome::sent || delivery_.message.attachments.empty()) co_return receipt(verdict);
        verdict = co_await send_files();
        Receipt out = receipt(verdict);
        if (verdict.outcome != Outcome::sent) out.thread[told_name] = delivery_.id;
        co_return out;
    }

  private:
    std::string of_thread(const char* name) const {
        const auto found = delivery_.thread.find(name);
        return found == delivery_.thread.end() ? std::string() : found->second;
    }

    Receipt receipt(const Verdict& verdict) const {
        Receipt out = integrations::receipt_of(delivery_, verdict, last_);
        if (!ts_.empty() && !channel_.empty()) out.thread = {{"channel", channel_}, {"ts", ts_}};
        return out;
    }

    Task<ApiAnswer> call(std::string method, std::string body, std::string type) {
        HttpRequest request{.url = Secret(fmt::format("{}/{}", api_, method)),
                            .authorization = bearer(*secret_of(delivery_, "token")),
                            .headers = {{"Content-Type", std::move(type)}},
                            .body = std::move(body),
                            .way = way_of(delivery_.target)};
        last_ = co_await ask(means_.webhooks, std::move(request));
        co_return integrations::slack::read_api(last_, means_.clock.now());
    }
    Task<ApiAnswer> call(std::string method, std::string json) {
        return call(std::move(method), std::move(json), "application/json; charset=utf-8");
    }

    /// The first message of the incident becomes what is now, and its thread says what happened. Forgets the thread if
    /// it is no more. Changing a message twice is changing it once, so that comes first.
    Task<Verdict> go_on() {
        const auto& message = delivery_.message;
        if (message.state != integrations::State::news) {
            const ApiAnswer changed =
                co_await call("chat.update", payload(message, Copy::first, {.channel = channel_, .ts = ts_}));
            if (integrations::slack::message_is_gone(changed.error)) ts_.clear();
            if (changed.verdict.outcome != Outcome::sent) co_return changed.verdict;
        }
        const ApiAnswer answered = co_await call(
            "chat.postMessage", payload(message, copy_of(delivery_), {.channel = channel_, .thread_ts = ts_}));
        if (integrations::slack::message_is_gone(answered.error)) ts_.clear();
        co_return answered.verdict;
    }

    Task<Verdict> begin_thread() {
        if (channel_.empty())
            co_return Verdict{.outcome = Outcome::closed, .reason = "The setting \"channel\" is missing."};
        const ApiAnswer posted =
            co_await call("chat.postMessage", payload(delivery_.message, copy_of(delivery_), {.channel = channel_}));
        if (posted.verdict.outcome != Outcome::sent) co_return posted.verdict;
        ts_ = posted.body.at("ts").text();
        // By its id: a name is not enough for changes, and channels are renamed.
        if (const auto id = posted.body.at("channel").text(); !id.empty()) channel_ = id;
        co_return posted.verdict;
    }

    Task<Verdict> send_files() {
        JsonWriter files;
        files.open().key("files").open_list();
        for (const auto& each : delivery_.message.attachments) {
            const ApiAnswer place = co_await call(
                "files.getUploadURLExternal",
                fmt::format("filename={}&length={}", integrations::percent_encoded(each.name), each.bytes.size()),
                "application/x-www-form-urlencoded");
            if (place.verdict.outcome != Outcome::sent) co_return place.verdict;
            const Verdict uploaded = co_await upload(each, std::string(place.body.at("upload_url").text()));
            if (uploaded.outcome != Outcome::sent) co_return uploaded;
            files.open().field("id", place.body.at("file_id").text()).field("title", each.name).close();
        }
        files.close_list().field("channel_id", channel_).field("thread_ts", ts_).close();
        const ApiAnswer shared = co_await call("files.completeUploadExternal", std::move(files).text());
        co_return shared.verdict;
    }

    Task<Verdict> upload(const integrations::Attachment& attachment, std::string url) {
        if (!is_of_slack(url, api_))
            co_return Verdict{.outcome = Outcome::refused,
                              .reason = "Slack wants the file at an address that is not its own."};
        HttpRequest request{.url = Secret(std::move(url)),
                            .headers = {{"Content-Type", "application/octet-stream"}},
                            .body = attachment.bytes,
                            .way = way_of(delivery_.target),
                            .timeout = upload_timeout};
        last_ = co_await ask(means_.webhooks, std::move(request));
        co_return integrations::judge_status(last_, "Slack", means_.clock.now());
    }

    Means& means_;
    const Delivery& delivery_;
    std::string api_, channel_, ts_;
    Answer last_;
};

}  // namespace

Task<Receipt> tell_slack_as_bot(Means& means, const Delivery& delivery) {
    Bot bot(means, delivery);
    Receipt receipt = co_await bot.tell();
    co_return receipt;
}

}  // namespace bursar::courier
