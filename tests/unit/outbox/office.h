#pragma once

#include "service/base/crypto.h"
#include "service/outbox/post_office.h"
#include "service/treasury/events.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::outbox::test {

using namespace std::chrono_literals;

/// Has one secret, "slack-ops".
class OneSecret final : public vault::Vault {
  public:
    vault::State state() const override { return vault::State::unsealed; }
    bool is_new() const override { return false; }
    bool wants_passphrase() const override { return false; }
    Result<void> unseal(const vault::MasterKey&) override { return {}; }
    void seal() override {}
    Result<void> rotate(const vault::MasterKey&, const vault::MasterKey&) override { return {}; }
    Result<Secret> make_recovery_key() override { return Secret(); }
    bool has_recovery_key() const override { return false; }
    Result<void> copy_to(const std::filesystem::path&) const override { return {}; }
    Result<void> verify() const override { return {}; }
    Result<Secret> key_for(std::string_view) const override { return Secret(); }
    Result<void> put(std::string_view, Secret) override { return {}; }
    Result<void> remove(std::string_view) override { return {}; }
    Result<std::vector<vault::SecretFacts>> list() const override { return std::vector<vault::SecretFacts>{}; }
    Result<vault::Lease> lend(std::string_view name) const override {
        if (name != "slack-ops") return fail(Fault::key_missing, "There is no such secret.");
        return std::make_shared<const Secret>(Secret::copy_of("https://hooks.example.com/T0/B0"));
    }
    Result<std::string> lock_away(std::string_view, const Secret&) const override { return std::string(); }
    Result<Secret> take_back(std::string_view, std::string_view) const override { return Secret(); }
    Result<Secret> database_key() const override { return Secret(random_bytes(32)); }
    Result<Secret> pepper() const override { return Secret(random_bytes(32)); }
};

class FakeCourier {
  public:
    explicit FakeCourier(const std::filesystem::path& socket)
        : handle_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
        EXPECT_EQ(::connect(handle_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    void say(std::string_view json) {
        const std::string frame = integrations::framed(json);
        ::send(handle_.number(), frame.data(), frame.size(), MSG_NOSIGNAL);
    }
    void hello() { say(integrations::write_hello({.version = "test", .at_once = 2})); }
    /// The next delivery; none: the connection is over, or ten seconds have passed.
    std::optional<integrations::Delivery> next() {
        const auto frame = next_frame();
        if (!frame) return std::nullopt;
        auto delivery = integrations::read_delivery(*frame);
        EXPECT_TRUE(delivery) << delivery.error().for_caller;
        return *std::move(delivery);
    }
    std::optional<integrations::Watch> next_watch() {
        const auto frame = next_frame();
        if (!frame) return std::nullopt;
        auto watch = integrations::read_watch(*frame);
        EXPECT_TRUE(watch) << watch.error().for_caller;
        return *std::move(watch);
    }
    std::optional<std::string> next_frame() {
        for (;;) {
            if (auto frame = frames_.next()) return frame;
            if (!receive()) return std::nullopt;
        }
    }
    bool is_put_out() { return !receive(); }

  private:
    bool receive() {
        pollfd wait{handle_.number(), POLLIN, 0};
        char bytes[4096];
        if (::poll(&wait, 1, 10'000) <= 0) return ADD_FAILURE() << "nothing came", false;
        const ssize_t count = ::recv(handle_.number(), bytes, sizeof bytes, 0);
        return count > 0 && frames_.add({bytes, static_cast<std::size_t>(count)});
    }
    Handle handle_;
    integrations::Frames frames_;
};

class Office : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "bursar-outbox-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        store::Options options{.file = folder_ / "bursar.db",
                               .key = Secret(random_bytes(32)),
                               .durability = store::Durability::process,
                               .schemas = {treasury::events_schema(), schema()},
                               .ballast_bytes = 0};
        auto opened = store::Store::open(std::move(options));
        ASSERT_TRUE(opened) << opened.error().operator_text();
        store_ = *std::move(opened);
        store_->start();
        policies::Snapshot rules;
        rules.alerts.targets["ops"] = {
            .name = "ops", .kind = "slack", .settings = {}, .secrets = {{"webhook", "slack-ops"}}};
        rules.alerts.targets["poor"] = {
            .name = "poor", .kind = "slack", .settings = {}, .secrets = {{"webhook", "missing"}}};
        rules.alerts.routes = {{.name = "all", .targets = {"ops"}, .group_wait = 0s, .quiet = {}}};
        rules.alerts.targets["tickets"] = {
            .name = "tickets",
            .kind = "jira",
            .settings = {{"approve", "Approved"}, {"decline", "Declined"}, {"approve_by", R"(["*leads*"])"}},
            .secrets = {{"token", "slack-ops"}}};
        rules.alerts.routes.insert(
            rules.alerts.routes.begin(),
            {.name = "requests", .kinds = {"request"}, .targets = {"tickets"}, .group_wait = 0s, .quiet = {}});
        rules_ = std::make_unique<policies::Rules>(std::make_shared<const policies::Snapshot>(std::move(rules)));
        open(static_cast<std::uint32_t>(::getuid()));
    }
    void open(std::uint32_t own) {
        office_.reset();
        auto office =
            PostOffice::open({*store_, *rules_, vault_, clock_, [this](const Moved& moved) { return decide(moved); }},
                             {.socket = socket(), .peers = {.own = own}, .watched_every = 1s});
        ASSERT_TRUE(office) << office.error().for_caller;
        office_ = *std::move(office);
        office_->start();
        // The first look decides where the outbox begins; a silence is made behind it.
        ASSERT_TRUE(office_->silence({.events = "none", .made = clock_.now(), .until = clock_.now()}, {}));
    }
    void TearDown() override {
        office_.reset();
        if (store_) store_->stop();
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void happens(const std::string& name) {
        ASSERT_TRUE(store_->write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(treasury::raise(transaction, {.at = clock_.now(),
                                                   .name = name,
                                                   .kind = "break_glass.used",
                                                   .subject = "org",
                                                   .text = name,
                                                   .detail = "{}"}));
            return {};
        }));
    }
    virtual Result<std::string> decide(const Moved&) { return std::string(); }
    std::filesystem::path socket() const { return folder_ / "courier.sock"; }

    std::filesystem::path folder_;
    SystemClock clock_;
    OneSecret vault_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<policies::Rules> rules_;
    std::unique_ptr<PostOffice> office_;
};

}  // namespace bursar::outbox::test
