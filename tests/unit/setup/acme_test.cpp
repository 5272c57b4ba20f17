// Hunts: a renewal that comes too late or at every turn, that puts in place what callers would refuse, or that loses
// the certificate that is there when the CA fails; a CA's key or another CA's account that is mixed up.
#include "installer/setup/acme.h"

#include "installer/setup/carry_out.h"
#include "installer/setup/steps/step.h"
#include "scripted_system.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;

constexpr const char* directory = "https://ca.corp.example:9000/acme/directory";

TEST(Due, a_third_of_the_life_is_left_but_at_most_thirty_days) {
    const Timestamp begin = std::chrono::sys_days(std::chrono::year(2026) / 11 / 30);
    struct Case {
        hours life, first_due;
    };
    for (const auto& [life, first_due] : {Case{hours(24), hours(16)}, Case{days(90), days(60)},
                                          Case{days(397), days(367)}, Case{days(7), hours(112)}}) {
        const CertificateFacts facts{
            .subject = {}, .issuer = {}, .from = begin, .until = begin + life, .fingerprint = {}};
        EXPECT_FALSE(is_due(facts, begin + first_due - std::chrono::seconds(1))) << life.count();
        EXPECT_TRUE(is_due(facts, begin + first_due)) << life.count();
        EXPECT_TRUE(is_due(facts, begin + life + days(1))) << "and after its end";
    }
}

TEST(AcmeDirectory, its_host_and_port_are_read_and_nothing_else_is_taken) {
    const auto at = [](std::string_view url) {
        const Server found = server_of_https(url);
        return found.host + " " + std::to_string(found.port);
    };
    EXPECT_EQ(at(directory), "ca.corp.example 9000");
    EXPECT_EQ(at("https://ca.corp.example/dir?x=1:2"), "ca.corp.example 443");
    EXPECT_EQ(at("https://[2001:db8::1]:14000/dir"), "2001:db8::1 14000");
    EXPECT_EQ(at("https://[2001:db8::1]/dir"), "2001:db8::1 443");
    for (const char* bad :
         {"", "http://ca/dir", "https://", "https://ca:0/", "https://ca:70000/", "https://ca:x/", "ca"})
        EXPECT_EQ(server_of_https(bad).port, 0) << bad;
}

class Acme : public testing::Test {
  protected:
    void SetUp() override {
        for (const auto& [key, value] : {std::pair{"host.name", "b.example"}, std::pair{"certificate.source", "acme"},
                                         std::pair{"certificate.acme_url", directory},
                                         std::pair{"master_key.source", "file"}, std::pair{"recovery.make", "no"}})
            ASSERT_TRUE(answers.set(key, value));
        fs::create_directories(paths.etc() / "tls");
        system.reachable.insert("ca.corp.example:9000");
        system.programs["uacme"] = [this](const Program& program) { return uacme(program); };
        system.programs["bursard"] = [](const Program& program) {
            return Ran{.exit_code = 0,
                       .output = Secret::copy_of(program.words.at(2) == "--issue-operator" ? "bso_x\n" : ""),
                       .errors = {}};
        };
    }

    /// Gives what `gives` says for the key of the request, which no CA ever sees: here it is read from beside.
    Ran uacme(const Program& program) {
        const auto says = [&](const char* word) {
            return std::ranges::find(program.words, word) != program.words.end();
        };
        if (says("--version")) return {.exit_code = 0, .output = {}, .errors = {}};
        if (stale_nonces > 0 && stale_nonces-- > 0)
            return {.exit_code = 2,
                    .output = {},
                    .errors = "uacme: the server reported: {\"type\": \"urn:ietf:params:acme:error:badNonce\"}\n"};
        if (says("new")) return {.exit_code = account_exit, .output = {}, .errors = account_says};
        if (issue_exit == 0) {
            const fs::path asked = program.words.back();
            folder.write(fs::relative(asked.parent_path() / "request-cert.pem", folder.path()).string(), gives(),
                         false);
        }
        return {
            .exit_code = issue_exit, .output = {}, .errors = "uacme: the server\nreported:\n {\"detail\": \"no\"}\n"};
    }
    std::string self_signed(const std::string& host, int for_days = 90) {
        // A self-signed one of the same key would do; make_self_signed makes its own, so the request gets its key.
        auto pair = make_self_signed(host, system.at, for_days, std::string(16, 'x'));
        if (!pair) return {};
        folder.write("etc/bursar/tls/acme.key", std::string(pair->private_key.reveal()));
        if (const auto request = make_request(pair->private_key, host))
            folder.write("etc/bursar/tls/acme.csr", *request);
        return pair->certificate;
    }
    Result<Renewal> renew() { return renew_certificate(answers, files, "challenge", system); }
    std::size_t count_of(std::string_view part) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(system.runs, [&](const std::string& run) { return run.contains(part); }));
    }

    OwnFolder folder;
    Paths paths{.root = folder.path()};
    AcmeFiles files = AcmeFiles::in(paths);
    ScriptedSystem system;
    Answers answers;
    int account_exit = 0, issue_exit = 0, stale_nonces = 0;
    std::string account_says;
    std::function<std::string()> gives = [] { return std::string(); };
};

TEST_F(Acme, a_good_certificate_is_put_in_place_and_left_alone_until_it_is_due) {
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    const std::string certificate = self_signed("b.example");
    gives = [&] { return certificate; };
    const auto first = renew();
    ASSERT_TRUE(first) << first.error().for_caller;
    EXPECT_TRUE(first->is_new);
    EXPECT_EQ(text_of(files.served), certificate);
    system.at += days(59);
    const auto early = renew();
    ASSERT_TRUE(early);
    EXPECT_FALSE(early->is_new);
    EXPECT_EQ(count_of(" issue "), 1U);
    system.at += days(2);
    ASSERT_TRUE(renew());
    EXPECT_EQ(count_of(" issue "), 2U);
    EXPECT_EQ(count_of("--never-create --no-ocsp --hook challenge issue"), 2U);
}

TEST_F(Acme, an_account_that_the_ca_has_already_is_no_failure_and_any_other_is_told) {
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    const std::string certificate = self_signed("b.example");
    gives = [&] { return certificate; };
    account_exit = 2;
    account_says = "uacme: Account already exists at https://ca\n";
    EXPECT_TRUE(renew());
    system.at += days(80);
    account_says = "uacme: failed to fetch directory\n";
    const auto refused = renew();
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().for_caller.contains("gives no account")) << refused.error().for_caller;
    EXPECT_TRUE(refused.error().for_caller.contains("failed to fetch directory"));
}

TEST_F(Acme, a_nonce_that_the_ca_has_forgotten_is_asked_for_again_but_not_without_end) {
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    const std::string certificate = self_signed("b.example");
    gives = [&] { return certificate; };
    stale_nonces = 3;
    EXPECT_TRUE(renew());
    EXPECT_EQ(count_of(" new"), 4U);
    system.at += days(80);
    stale_nonces = 1'000;
    const auto refused = renew();
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().for_caller.contains("badNonce")) << refused.error().for_caller;
    EXPECT_EQ(count_of(" new"), 8U);
}

TEST_F(Acme, what_the_service_or_its_callers_would_refuse_is_not_put_in_place) {
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    const std::string good = self_signed("b.example");
    gives = [&] { return good; };
    ASSERT_TRUE(renew());
    system.at += days(80);
    const auto foreign = make_self_signed("b.example", system.at, 90, std::string(16, 'y'));
    ASSERT_TRUE(foreign);
    for (const std::string& bad :
         {foreign->certificate, std::string("hello"), std::string(), good + foreign->certificate}) {
        gives = [&] { return bad; };
        EXPECT_FALSE(renew());
        EXPECT_EQ(text_of(files.served), good);
    }
    issue_exit = 2;
    const auto refused = renew();
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().for_caller.ends_with("uacme: the server reported: {\"detail\": \"no\"} "))
        << refused.error().for_caller << ": one line, as a journal shows it";
    EXPECT_EQ(text_of(files.served), good);
}

TEST_F(Acme, a_second_run_of_the_set_up_keeps_the_key_and_another_ca_gets_another_account) {
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    const std::string key = text_of(files.key);
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    EXPECT_EQ(text_of(files.key), key);
    gives = [] { return std::string(); };
    static_cast<void>(renew());
    ASSERT_TRUE(answers.set("certificate.acme_url", "https://other.example/directory"));
    static_cast<void>(renew());
    const auto folder_of = [](const std::string& run) {
        const std::size_t at = run.find("account-");
        return run.substr(at, std::string("account-0123456789abcdef").size());
    };
    EXPECT_NE(folder_of(system.runs.front()), folder_of(system.runs.back()));
}

TEST_F(Acme, the_ca_that_is_trusted_is_taken_away_with_its_answer) {
    ASSERT_TRUE(answers.set("certificate.acme_ca_file", folder.write("root.pem", "a root")));
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    EXPECT_EQ(text_of(files.ca), "a root");
    ASSERT_TRUE(answers.set("certificate.acme_ca_file", ""));
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    EXPECT_FALSE(fs::exists(files.ca)) << "or it would go on to be the only one that is trusted";
}

TEST_F(Acme, the_step_names_a_client_that_is_missing_and_answers_that_cannot_be) {
    const auto wrong = [&] { return wrongs(step_of("certificate")->check(answers, {paths, system}).all()); };
    EXPECT_EQ(wrong(), "");
    system.programs.erase("uacme");
    EXPECT_TRUE(wrong().contains("apt-get install uacme"));
    for (const char* bad : {"--hook=x@y", "a b@c", "a@", "@b", "a", "a@b\"c"}) {
        ASSERT_TRUE(answers.set("certificate.acme_mail", bad));
        EXPECT_TRUE(wrong().contains("certificate.acme_mail is")) << bad;
    }
    ASSERT_TRUE(answers.set("certificate.acme_mail", "a.b+c@d.example"));
    EXPECT_FALSE(wrong().contains("acme_mail"));
    ASSERT_TRUE(answers.set("certificate.acme_url", "http://ca.corp.example/dir"));
    EXPECT_TRUE(wrong().contains("certificate.acme_url is \"http://ca.corp.example/dir\""));
    ASSERT_TRUE(answers.set("certificate.acme_url", "https://elsewhere.example/dir"));
    EXPECT_TRUE(wrong().contains("The CA at elsewhere.example:443 cannot be asked"));
}

TEST_F(Acme, another_source_ends_the_renewals) {
    ASSERT_TRUE(prepare_acme(answers, paths, system.at));
    ASSERT_TRUE(fs::exists(files.answers));
    ASSERT_TRUE(answers.set("certificate.source", "self-signed"));
    EXPECT_EQ(wrongs(carry_out(answers, {.paths = paths, .system = system, .bursard = "bursard"})), "");
    EXPECT_FALSE(fs::exists(files.answers)) << "the unit and its timer go by it";
    EXPECT_TRUE(text_of(paths.configuration()).contains("certificate = tls/server.pem\n"));
    EXPECT_FALSE(renew_certificate(answers, files, "challenge", system));
}

}  // namespace
}  // namespace bursar::setup
