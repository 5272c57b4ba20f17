// Hunts: a dead server that everybody waits for, and a good one that is forgotten.
#include "auth/ldap/servers.h"

#include "auth/ldap/options.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ldap {
namespace {

using namespace std::chrono_literals;

const Server a{"a", 636, true}, b{"b", 636, true};
const Deadline soon = Deadline::max();

Options two() {
    Options options;
    options.servers = {"ldaps://a", "ldaps://b"};
    return options;
}

std::string order(Servers& servers) {
    std::string out;
    for (const Server& server : servers.in_order(soon).value()) out += server.host;
    return out;
}

TEST(Servers, OneThatFailedIsAskedLastForAMinute) {
    ManualClock clock(Timestamp{});
    Servers servers(two(), clock, {});
    EXPECT_EQ(order(servers), "ab");
    servers.failed_at(a, "refused");
    EXPECT_EQ(order(servers), "ba");
    clock.advance(59s);
    EXPECT_EQ(order(servers), "ba");
    clock.advance(1s);
    EXPECT_EQ(order(servers), "ab");
    servers.failed_at(a, "refused");
    servers.failed_at(b, "refused");
    EXPECT_EQ(order(servers), "ab") << "when all have failed, all are tried";
    servers.answered(b);
    EXPECT_EQ(order(servers), "ba");
}

TEST(Servers, HealthNamesWhatIsWrongAndSinceWhen) {
    ManualClock clock(from_unix_milliseconds(1'795'000'000'000));
    Servers servers(two(), clock, {});
    EXPECT_TRUE(servers.health().good);
    servers.failed_at(a, "refused");
    servers.answered(b);
    const auto health = servers.health();
    EXPECT_TRUE(health.good) << "another one answers";
    EXPECT_EQ(health.text,
              "ldaps://b:636 answers; ldaps://a:636 has not answered since 2026-11-18T11:06:40.000Z: refused");
    EXPECT_EQ(health.answered_at, clock.now());
    servers.answered(a);
    EXPECT_TRUE(servers.health().good);
    servers.none_answered("the service account is locked");
    EXPECT_FALSE(servers.health().good);
}

TEST(Servers, DnsIsAskedEveryTenMinutesAndItsLastWordHoldsWhileItIsSilent) {
    ManualClock clock(Timestamp{});
    Options options;
    options.domain = "corp.example";
    int asked = 0;
    Outcome<std::vector<Server>> answer = std::vector{a};
    Servers servers(options, clock, [&](const std::string& domain, Deadline) {
        EXPECT_EQ(domain, "corp.example");
        ++asked;
        return answer;
    });
    EXPECT_EQ(order(servers), "a");
    answer = std::vector{b};
    clock.advance(599s);
    EXPECT_EQ(order(servers), "a");
    clock.advance(1s);
    EXPECT_EQ(order(servers), "b");
    EXPECT_EQ(asked, 2);
    answer = failed(Failure::Kind::connection, "no name server");
    clock.advance(11min);
    EXPECT_EQ(order(servers), "b");
    EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace bursar::ldap
