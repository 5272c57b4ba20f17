// Hunts: a courier that gets what is not its own or nothing at all, one that hangs or is not one, and a test of a
// target whose answer nobody sees.
#include "service/outbox/post_office.h"

#include "service/base/crypto.h"
#include "service/treasury/events.h"

#include <filesystem>
#include <future>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::outbox {
namespace {

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
        for (;;) {
            if (const auto frame = frames_.next()) {
                auto delivery = integrations::read_delivery(*frame);
                EXPECT_TRUE(delivery) << delivery.error().for_caller;
                return *std::move(delivery);
            }
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
        rules_ = std::make_unique<policies::Rules>(std::make_shared<const policies::Snapshot>(std::move(rules)));
        open(static_cast<std::uint32_t>(::getuid()));
    }
    void open(std::uint32_t own) {
        office_.reset();
        auto office = PostOffice::open({*store_, *rules_, vault_, clock_}, {.socket = socket(), .peers = {.own = own}});
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
    std::filesystem::path socket() const { return folder_ / "courier.sock"; }

    std::filesystem::path folder_;
    SystemClock clock_;
    OneSecret vault_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<policies::Rules> rules_;
    std::unique_ptr<PostOffice> office_;
};

TEST_F(Office, gives_a_courier_each_message_with_the_secrets_of_its_target_and_takes_the_receipt) {
    FakeCourier courier(socket());
    courier.hello();
    happens("first");
    const auto delivery = courier.next();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->message.title, "first");
    ASSERT_EQ(delivery->target.secrets.size(), 1U);
    EXPECT_TRUE(
        equal_in_constant_time(delivery->target.secrets.at("webhook").reveal(), "https://hooks.example.com/T0/B0"));
    courier.say(integrations::write_receipt(
        {.id = delivery->id, .outcome = integrations::Outcome::sent, .reason = "", .answer = "200 ok"}));
    happens("second");
    const auto next = courier.next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->message.title, "second");
    Result<Delivery> row = fail(Fault::not_found, "");
    ASSERT_TRUE(store_->read([&](store::Transaction& transaction) -> Result<void> {
        row = read_delivery_row(transaction, delivery->id);
        return {};
    }));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->state, Delivery::State::sent);
    EXPECT_EQ(row->answer, "200 ok");
}

TEST_F(Office, hands_what_one_courier_had_to_the_next_with_a_mark) {
    happens("once");
    std::string id;
    {
        FakeCourier courier(socket());
        courier.hello();
        const auto delivery = courier.next();
        ASSERT_TRUE(delivery);
        EXPECT_FALSE(delivery->perhaps_sent);
        id = delivery->id;
    }
    FakeCourier second(socket());
    second.hello();
    const auto again = second.next();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, id);
    EXPECT_TRUE(again->perhaps_sent);
    // A third one takes the place of the second.
    FakeCourier third(socket());
    third.hello();
    EXPECT_TRUE(second.is_put_out());
    EXPECT_TRUE(third.next());
}

TEST_F(Office, puts_out_whoever_does_not_speak_as_a_courier_does) {
    FakeCourier other(socket());
    other.say("{\"hello\":1}");
    EXPECT_TRUE(other.is_put_out());
    FakeCourier newer(socket());
    newer.say(R"({"courier":{"wire":99,"version":"9","at_once":8}})");
    EXPECT_TRUE(newer.is_put_out());
    FakeCourier babbles(socket());
    babbles.hello();
    babbles.say("{\"receipt\":");
    EXPECT_TRUE(babbles.is_put_out());
}

TEST_F(Office, takes_nobody_of_another_account) {
    open(static_cast<std::uint32_t>(::getuid()) + 1);
    FakeCourier courier(socket());
    EXPECT_TRUE(courier.is_put_out());
    EXPECT_FALSE(office_->facts().connected);
}

TEST_F(Office, shows_what_the_other_side_said_to_a_test) {
    EXPECT_EQ(office_->test("ops", "operator:ada").error().fault, Fault::conflict) << "no courier is there";
    FakeCourier courier(socket());
    courier.hello();
    happens("sync");  // when it has this, it was taken
    const auto first = courier.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(office_->test("none", "operator:ada").error().fault, Fault::not_found);
    EXPECT_EQ(office_->test("poor", "operator:ada").error().fault, Fault::key_missing);
    auto tried = std::async(std::launch::async, [&] { return office_->test("ops", "operator:ada"); });
    const auto delivery = courier.next();
    ASSERT_TRUE(delivery);
    EXPECT_TRUE(delivery->message.test);
    courier.say(integrations::write_receipt({.id = delivery->id,
                                             .outcome = integrations::Outcome::closed,
                                             .reason = "The webhook is gone.",
                                             .answer = "404 no_service"}));
    const auto result = tried.get();
    ASSERT_TRUE(result) << result.error().for_caller;
    EXPECT_EQ(result->outcome, integrations::Outcome::closed);
    EXPECT_EQ(result->answer, "404 no_service");
}

TEST_F(Office, answers_a_test_whose_courier_goes_away) {
    auto courier = std::make_unique<FakeCourier>(socket());
    courier->hello();
    happens("sync");
    ASSERT_TRUE(courier->next());
    auto tried = std::async(std::launch::async, [&] { return office_->test("ops", "operator:ada"); });
    ASSERT_TRUE(courier->next());
    courier.reset();
    EXPECT_EQ(tried.get().error().fault, Fault::conflict);
    office_->stop();
    EXPECT_EQ(office_->test("ops", "operator:ada").error().fault, Fault::shutting_down);
    EXPECT_FALSE(std::filesystem::exists(socket()));
}

}  // namespace
}  // namespace bursar::outbox
