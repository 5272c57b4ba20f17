// Hunts: an outage that nobody hears of, one that ends because the service was restarted, an alarm about what is well.
#include "service/daemon/conditions.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view berlin = "Europe/Berlin";
const Timestamp noon = *parse_timestamp("2026-11-20T11:00:00Z");

policies::Snapshot company() {
    policies::Snapshot rules;
    auto provider = std::make_shared<policies::Provider>();
    provider->name = "openai";
    provider->keys = {{.secret = "openai-a"}};
    auto book = std::make_shared<policies::PriceBook>();
    policies::Price price;
    price.until = *parse_timestamp("2027-01-01T00:00:00Z");
    book->versions = {price};
    auto model = std::make_shared<policies::Model>();
    model->name = "gpt";
    model->channels = {{.provider = provider, .model = "gpt-4o", .priority = 1, .weight = 1, .prices = book},
                       {.provider = provider, .model = "unpriced", .priority = 2, .weight = 1, .prices = nullptr}};
    rules.providers["openai"] = provider;
    rules.models["gpt"] = model;
    rules.models["alias"] = model;
    return rules;
}

class ProviderViewTest : public testing::Test {
  protected:
    void fail(const char* name, int times = 5) {
        const auto channel = health_.channel(name, {});
        for (int i = 0; i < times; ++i) {
            ASSERT_TRUE(channel->enter(channel->way(clock_.moment())));
            channel->has_failed(false, "it answers 503", {});
            channel->leave();
        }
    }
    void succeed(const char* name) {
        const auto channel = health_.channel(name, {});
        const auto way = channel->way(clock_.moment());
        ASSERT_TRUE(channel->enter(way));
        channel->was_well(way == providers::Way::due);
        channel->leave();
    }
    ProviderView view() const { return {rules_, health_, clock_.now()}; }

    ManualClock clock_{noon};
    policies::Snapshot rules_ = company();
    providers::Health health_{clock_, [](const providers::Change&) {}};
    const std::string subject_ = "channel:openai/gpt-4o";
};

TEST_F(ProviderViewTest, a_channel_that_goes_on_failing_is_told_of_with_its_reason) {
    EXPECT_TRUE(view().holding().empty());
    fail("openai/gpt-4o");
    fail("openai/gone");
    const auto holding = view().holding();
    ASSERT_EQ(holding.size(), 1U) << "what the policy does not have is nobody's trouble";
    EXPECT_EQ(holding[0].kind, "channel.down");
    EXPECT_EQ(holding[0].subject, subject_);
    EXPECT_EQ(holding[0].text, "The channel openai/gpt-4o is out: it answers 503. It is tried again by itself");
    EXPECT_EQ(view().end("channel.down", subject_), std::nullopt);
}

TEST_F(ProviderViewTest, it_is_back_when_a_call_has_shown_it_and_it_has_stayed_so) {
    EXPECT_EQ(view().end("channel.down", subject_), std::nullopt) << "after a restart nobody knows";
    fail("openai/gpt-4o");
    clock_.advance(2s);
    succeed("openai/gpt-4o");
    EXPECT_TRUE(view().holding().empty());
    EXPECT_EQ(view().end("channel.down", subject_), std::nullopt) << "it may be out again at once";
    clock_.advance(ProviderView::settled);
    EXPECT_EQ(view().end("channel.down", subject_), "The channel openai/gpt-4o serves calls again");
    rules_.models.clear();
    EXPECT_EQ(view().end("channel.down", subject_), "The policy has the channel openai/gpt-4o no more");
}

TEST_F(ProviderViewTest, a_clock_that_is_set_back_does_not_put_the_end_off) {
    fail("openai/gpt-4o");
    clock_.advance(2s);
    succeed("openai/gpt-4o");
    clock_.set(clock_.now() - 6h);
    EXPECT_EQ(view().end("channel.down", subject_), "The channel openai/gpt-4o serves calls again");
}

TEST_F(ProviderViewTest, after_a_restart_the_first_good_call_ends_it) {
    succeed("openai/gpt-4o");
    EXPECT_EQ(view().end("channel.down", subject_), "The channel openai/gpt-4o serves calls again");
}

TEST_F(ProviderViewTest, a_key_is_told_of_when_the_provider_refuses_it_and_not_when_it_asks_for_a_pause) {
    const auto key = health_.key("openai", "openai-a", {});
    ASSERT_TRUE(key->enter(key->way(clock_.moment())));
    key->was_bad(false, providers::KeyState::limited, "too many calls", 10s);
    EXPECT_TRUE(view().holding().empty());
    clock_.advance(10s);
    ASSERT_TRUE(key->enter(key->way(clock_.moment())));
    key->was_bad(true, providers::KeyState::refused, "it answers 401", {});
    const auto holding = view().holding();
    ASSERT_EQ(holding.size(), 1U);
    EXPECT_EQ(holding[0].subject, "provider_key:openai/openai-a");
    EXPECT_EQ(holding[0].text, "The key openai-a of openai is refused: it answers 401");
    EXPECT_EQ(view().end("provider_key.down", "provider_key:openai/openai-a"), std::nullopt);
    EXPECT_EQ(view().end("provider_key.down", "provider_key:openai/other"),
              "The policy has the key openai/other no more");
}

TEST(Prices, that_are_missing_are_told_of_once_for_each_channel) {
    const auto missing = [](Timestamp at) {
        std::string all;
        for (const auto& each : prices_missing(company(), at)) all += each.subject + " ";
        return all;
    };
    EXPECT_EQ(missing(noon), "channel:openai/unpriced ");
    EXPECT_EQ(missing(*parse_timestamp("2027-01-01T00:00:00Z")), "channel:openai/gpt-4o channel:openai/unpriced ")
        << "a price that has ended";
}

/// What is said of a certificate of such a life with so much of it left.
std::string said_of(std::chrono::nanoseconds life, std::chrono::nanoseconds left) {
    const auto found = certificate_expiring(edge::CertificateLife{.from = noon + left - life, .until = noon + left},
                                            std::string(berlin), noon);
    return found ? std::string(name_of(*found->severity)) : "none";
}

TEST(Certificate, is_a_warning_for_three_weeks_and_critical_for_one) {
    using std::chrono::days;
    EXPECT_EQ(said_of(days(365), days(21) + 1ns), "none");
    EXPECT_EQ(said_of(days(365), days(21)), "warning");
    EXPECT_EQ(said_of(days(365), days(7) + 1ns), "warning");
    EXPECT_EQ(said_of(days(365), days(7)), "critical");
    EXPECT_EQ(said_of(days(365), -1h), "critical");
    EXPECT_FALSE(certificate_expiring({}, std::string(berlin), noon)) << "without TLS there is none";
    EXPECT_EQ(
        certificate_expiring(edge::CertificateLife{.from = noon, .until = noon + 24h}, std::string(berlin), noon + 23h)
            ->text,
        "The certificate of the service ends on 21 November 2026, 12:00 (Europe/Berlin)");
}

TEST(Certificate, of_a_short_life_is_none_until_its_renewal_is_overdue) {
    using std::chrono::days;
    EXPECT_EQ(said_of(days(6), days(6)), "none") << "a new one";
    EXPECT_EQ(said_of(days(6), days(2)), "none") << "its renewal is due now";
    EXPECT_EQ(said_of(days(6), 36h), "warning");
    EXPECT_EQ(said_of(days(6), 12h), "critical");
    EXPECT_EQ(said_of(days(90), days(21)), "warning") << "Let's Encrypt's of today is warned of as before";
}

TEST(Disk, is_low_below_the_mark_and_nothing_is_said_of_one_that_nobody_can_ask) {
    EXPECT_FALSE(disk_low(disk_bytes_low));
    ASSERT_TRUE(disk_low(disk_bytes_low - 1));
    EXPECT_EQ(disk_low(disk_bytes_low - 1)->text,
              "Only 511 MiB are free where the state is; make room before calls are refused");
    EXPECT_FALSE(disk_low({}));
    EXPECT_TRUE(slow_end("disk.low", "disk:state", true));
    EXPECT_FALSE(slow_end("disk.low", "disk:state", false));
}

TEST(Backup, that_is_not_away_says_where_it_should_be_and_why_it_is_not_there) {
    EXPECT_FALSE(backup_not_away("s3://b/m/ at h:443", {}));
    const auto found = backup_not_away("s3://b/m/ at h:443", {.failure = "It is full."});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->kind, "backup.failed");
    EXPECT_EQ(found->text, "The newest backup could not be sent to s3://b/m/ at h:443: It is full.");
    const auto here = backup_failed({.failure = "No room."});
    ASSERT_TRUE(here);
    EXPECT_NE(here->subject, found->subject) << "one would end the other";
    EXPECT_NE(slow_end("backup.failed", here->subject, true), slow_end("backup.failed", found->subject, true));
}

TEST(Certificate, that_cannot_be_used_is_told_of_while_it_lies_there) {
    EXPECT_FALSE(certificate_refused(""));
    ASSERT_TRUE(certificate_refused("server.key is not the key of the certificate"));
    EXPECT_EQ(certificate_refused("It has ended.")->text,
              "A new certificate cannot be used, and the former one stays: It has ended.");
}

TEST(SlowCourses, each_has_words_for_its_end) {
    for (const treasury::Course& course : slow_courses())
        EXPECT_TRUE(slow_end(course.begins, "channel:a/b", true)) << course.begins;
}

TEST(Tokens, that_end_within_a_week_are_told_of_unless_they_were_made_for_less) {
    const auto token = [](std::chrono::nanoseconds age, std::optional<std::chrono::nanoseconds> left) {
        auth::Operator one{
            .id = "o1", .name = "ci", .role = auth::Role::auditor, .created_at = noon - age, .expires_at = {}};
        if (left) one.expires_at = noon + *left;
        return tokens_expiring({one}, std::string(berlin), noon).size();
    };
    EXPECT_EQ(token(90 * 24h, std::chrono::days(7)), 1U);
    EXPECT_EQ(token(90 * 24h, std::chrono::days(7) + 1ns), 0U);
    EXPECT_EQ(token(90 * 24h, -1s), 0U) << "it has ended already";
    EXPECT_EQ(token(90 * 24h, std::nullopt), 0U);
    EXPECT_EQ(token(1h, std::chrono::days(6)), 0U);
}

TEST(StoreWatch, tells_of_a_time_without_writing_once_it_is_over) {
    StoreWatch watch;
    store::Health health;
    EXPECT_FALSE(watch.look(health, std::string(berlin), noon));
    health.writable = false;
    health.reason = "The disk is full.";
    EXPECT_FALSE(watch.look(health, std::string(berlin), noon));
    EXPECT_FALSE(watch.look(health, std::string(berlin), noon + 2s));
    health.writable = true;
    health.reason.clear();
    const auto told = watch.look(health, std::string(berlin), noon + 1h);
    ASSERT_TRUE(told);
    EXPECT_EQ(
        told->text,
        "From 20 November 2026, 12:00 (Europe/Berlin) until 20 November 2026, 13:00 (Europe/Berlin) nothing could be "
        "written, so calls were refused: The disk is full.");
    const auto again = watch.look(health, std::string(berlin), noon + 2h);
    ASSERT_TRUE(again) << "what could not be written is told at the next look";
    EXPECT_EQ(again->name, told->name) << "and only once, under one name";
    watch.told();
    EXPECT_FALSE(watch.look(health, std::string(berlin), noon + 3h)) << "once";
}

TEST(Update, is_there_when_the_program_that_runs_is_no_longer_the_one_on_the_disk) {
    EXPECT_FALSE(update_available("/usr/bin/bursard", noon, noon));
    EXPECT_FALSE(update_available("", noon, noon));
    const auto told = update_available("/usr/bin/bursard (deleted)", noon, noon + 1h);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->name, "update.available:2026-11-20T11:00:00.000Z") << "once for each start";
}

}  // namespace
}  // namespace bursar::daemon
