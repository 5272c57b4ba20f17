#include "tests/unit/courier/scripted.h"

#include "tests/unit/integrations/sample.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::courier::test {

std::string Asked::header(std::string_view name) const {
    for (const auto& [each, value] : headers)
        if (each == name) return value;
    return {};
}

void ScriptedHttp::exchange(HttpRequest request, std::function<void(Answer)> done) {
    asked.push_back({.method = request.method,
                     .url = std::string(request.url.reveal()),
                     .authorization = std::string(request.authorization.reveal()),
                     .body = request.body,
                     .headers = request.headers});
    const Asked& last = asked.back();
    const auto rule = std::ranges::find_if(
        rules_, [&](const Rule& each) { return each.method == last.method && last.url.ends_with(each.path); });
    if (rule == rules_.end()) {
        ADD_FAILURE() << "nobody expected " << last.method << ' ' << last.url;
        return done({.trouble = "unexpected"});
    }
    Answer answer = std::move(rule->answer);
    rules_.erase(rule);
    done(std::move(answer));
}

void ScriptedHttp::answer(std::string method, std::string path, Answer answer) {
    rules_.push_back({.method = std::move(method), .path = std::move(path), .answer = std::move(answer)});
}

std::size_t ScriptedHttp::count(std::string_view method, std::string_view path) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        asked, [&](const Asked& each) { return each.method == method && each.url.ends_with(path); }));
}

Bench::Bench()
    : clock(from_unix_milliseconds(1'795'989'000'000)),
      means{.webhooks = http,
            .services = http,
            .smtp = smtp,
            .timer =
                [this](std::chrono::milliseconds, const std::function<void()>& then) {
                    ++pauses;
                    then();
                },
            .clock = clock} {}

Receipt Bench::tell(const Delivery& delivery) {
    std::optional<Receipt> out;
    begin<Receipt>(courier::tell(means, delivery), [&out](Receipt receipt) { out = std::move(receipt); });
    EXPECT_TRUE(out.has_value()) << "the sender waits for something";
    return out.value_or(Receipt{});
}

Delivery delivery_to(integrations::TargetKind kind) {
    Delivery out{
        .id = "dlv_1", .target = {.name = "ops", .kind = kind}, .message = integrations::test::budget_message()};
    return out;
}

}  // namespace bursar::courier::test
