#include "service/vault/vault.h"

#include "service/store/files.h"
#include "tests/unit/store/folder.h"

#include <atomic>
#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::vault {
namespace {

namespace fs = std::filesystem;

const Timestamp start = *parse_timestamp("2026-11-23T10:00:00Z");

class Vaults : public testing::Test {
  protected:
    std::unique_ptr<Vault> open() {
        auto vault = Vault::open(folder / "vault", clock);
        EXPECT_TRUE(vault) << told(vault);
        return vault ? *std::move(vault) : nullptr;
    }
    std::unique_ptr<Vault> unsealed(const MasterKey& key) {
        auto vault = open();
        const auto done = vault->unseal(key);
        EXPECT_TRUE(done) << told(done);
        return vault;
    }
    MasterKey key_of(char fill) {
        const fs::path file = folder / ("key-" + to_hex(random_bytes(4)));
        put_content(file, std::string(32, fill));
        fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
        auto key = MasterKey::from_file(file);
        EXPECT_TRUE(key) << told(key);
        return *std::move(key);
    }
    /// Every file of the vault with its content.
    std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> all;
        for (const auto& file : fs::directory_iterator(folder / "vault"))
            // SQLite makes log and index anew whenever it looks; empty, or without a content of their own.
            if (const std::string name = file.path().filename(); name == "keyring" || name == "vault.db")
                all[name] = content_of(file.path());
        return all;
    }

    TestFolder folder;
    ManualClock clock{start};
};

std::string lent(const Vault& vault, std::string_view name) {
    const auto lease = vault.lend(name);
    return lease ? std::string((*lease)->reveal()) : std::string(facts(lease.error().fault).name);
}

TEST_F(Vaults, a_secret_comes_back_after_sealing_and_after_a_restart) {
    const MasterKey master = key_of('m');
    {
        auto vault = open();
        EXPECT_TRUE(vault->is_new());
        EXPECT_EQ(vault->state(), State::sealed);
        EXPECT_EQ(lent(*vault, "openai-a"), "sealed");
        ASSERT_TRUE(vault->unseal(master)) << told(vault->unseal(master));
        EXPECT_FALSE(vault->is_new());
        EXPECT_EQ(vault->state(), State::unsealed);
        ASSERT_TRUE(vault->put("openai-a", Secret::copy_of("sk-live-1")));
        EXPECT_EQ(lent(*vault, "openai-a"), "sk-live-1");
        EXPECT_EQ(lent(*vault, "openai-b"), "key_missing");
        const auto lease = vault->lend("openai-a");
        vault->seal();
        EXPECT_EQ(vault->state(), State::sealed);
        EXPECT_EQ(lent(*vault, "openai-a"), "sealed");
        EXPECT_EQ((*lease)->reveal(), "sk-live-1") << "a lease in use must end with its attempt, not before";
        EXPECT_EQ(vault->put("x", Secret::copy_of("y")).error().fault, Fault::sealed);
        EXPECT_EQ(vault->remove("openai-a").error().fault, Fault::sealed);
        EXPECT_EQ(vault->list().error().fault, Fault::sealed);
        EXPECT_EQ(vault->database_key().error().fault, Fault::sealed);
        EXPECT_EQ(vault->pepper().error().fault, Fault::sealed);
        ASSERT_TRUE(vault->unseal(master));
        EXPECT_EQ(lent(*vault, "openai-a"), "sk-live-1");
    }
    auto vault = unsealed(master);
    EXPECT_EQ(lent(*vault, "openai-a"), "sk-live-1");
}

TEST_F(Vaults, lists_facts_that_tell_values_apart_and_give_nothing_away) {
    const MasterKey master = key_of('m');
    auto vault = unsealed(master);
    ASSERT_TRUE(vault->put("b", Secret::copy_of("same")));
    ASSERT_TRUE(vault->put("a", Secret::copy_of("same")));
    clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(vault->put("b", Secret::copy_of("other!")));
    const auto before = *vault->list();
    ASSERT_EQ(before.size(), 2U);
    EXPECT_EQ(before[0].name, "a");
    EXPECT_EQ(before[0].bytes, 4U);
    EXPECT_EQ(before[1].bytes, 6U);
    EXPECT_EQ(before[1].created_at, start);
    EXPECT_EQ(before[1].changed_at, start + std::chrono::hours(1));
    EXPECT_EQ(before[0].fingerprint.size(), 8U);
    EXPECT_NE(before[0].fingerprint, before[1].fingerprint);
    EXPECT_NE(before[0].fingerprint, to_hex(as_text(sha256("same"))).substr(0, 8))
        << "anybody could try values against it";
    vault.reset();
    const auto after = *unsealed(master)->list();
    ASSERT_EQ(after.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(after[i].name, before[i].name);
        EXPECT_EQ(after[i].created_at, before[i].created_at);
        EXPECT_EQ(after[i].changed_at, before[i].changed_at);
        EXPECT_EQ(after[i].bytes, before[i].bytes);
        EXPECT_EQ(after[i].fingerprint, before[i].fingerprint);
    }
}

TEST_F(Vaults, a_removed_secret_is_gone_for_good) {
    const MasterKey master = key_of('m');
    auto vault = unsealed(master);
    ASSERT_TRUE(vault->put("a", Secret::copy_of("1")));
    ASSERT_TRUE(vault->remove("a"));
    EXPECT_EQ(lent(*vault, "a"), "key_missing");
    EXPECT_EQ(vault->remove("a").error().fault, Fault::not_found);
    vault.reset();
    EXPECT_EQ(lent(*unsealed(master), "a"), "key_missing");
}

TEST_F(Vaults, refuses_names_and_values_that_could_do_harm) {
    auto vault = unsealed(key_of('m'));
    struct Case {
        const char* name;
        std::string secret_name;
        std::string value;
    };
    for (const Case& c :
         {Case{"an empty name", "", "v"}, Case{"a name of 129 characters", std::string(129, 'a'), "v"},
          Case{"a path", "../x", "v"}, Case{"a space", "a b", "v"}, Case{"an umlaut", "schlüssel", "v"},
          Case{"an empty value", "a", ""}, Case{"a value over 64 KiB", "a", std::string(65'537, 'v')},
          Case{"a line break at the end", "a", "key\n"}, Case{"a header injected", "a", "key\r\nx-admin: 1"},
          Case{"a NUL", "a", std::string("k\0y", 3)}}) {
        const auto put = vault->put(c.secret_name, Secret::copy_of(c.value));
        ASSERT_FALSE(put) << c.name;
        EXPECT_EQ(put.error().fault, Fault::invalid_request) << c.name;
        if (c.value.size() > 2)
            EXPECT_EQ(told(put).find(c.value.substr(0, 3)), std::string::npos)
                << c.name << ": the value is in the error: " << told(put);
    }
    EXPECT_TRUE(vault->list()->empty());
    EXPECT_TRUE(vault->put(std::string(128, 'a'), Secret(std::string(65'536, 'v'))));
    EXPECT_TRUE(vault->put("A-z_0.9", Secret::copy_of("v")));
}

TEST_F(Vaults, a_wrong_key_opens_nothing_and_changes_nothing) {
    unsealed(key_of('m'))->put("a", Secret::copy_of("1")).value();
    const auto before = files();
    ASSERT_EQ(before.size(), 2U);
    auto vault = open();
    for (const MasterKey& wrong : {key_of('x'), MasterKey::from_passphrase(Secret(std::string(32, 'm')))}) {
        const auto refused = vault->unseal(wrong);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::unauthenticated) << told(refused);
        EXPECT_EQ(vault->state(), State::sealed);
    }
    EXPECT_EQ(vault->rotate(key_of('x'), key_of('y')).error().fault, Fault::unauthenticated);
    EXPECT_EQ(files(), before);
    EXPECT_TRUE(vault->unseal(key_of('m')));
    EXPECT_EQ(vault->unseal(key_of('x')).error().fault, Fault::unauthenticated)
        << "an open vault is no reason to accept any key";
}

TEST_F(Vaults, a_key_is_tried_on_a_keyring_without_the_vault) {
    unsealed(key_of('m'));
    const std::string keyring = files().at("keyring");
    EXPECT_TRUE(check_key(keyring, key_of('m')));
    EXPECT_EQ(check_key(keyring, key_of('x')).error().fault, Fault::unauthenticated);
    EXPECT_EQ(check_key(keyring.substr(1), key_of('m')).error().fault, Fault::wrong_configuration);
    EXPECT_EQ(check_key("", key_of('m')).error().fault, Fault::wrong_configuration);
}

TEST_F(Vaults, damage_is_told_from_a_wrong_key_and_leaves_the_files_alone) {
    unsealed(key_of('m'))->put("a", Secret::copy_of("1")).value();
    const auto intact = files();
    struct Case {
        const char* name;
        const char* file;
        std::function<void(std::string&)> damage;
    };
    for (const Case& c :
         {Case{"an empty keyring", "keyring", [](std::string& bytes) { bytes.clear(); }},
          Case{"a keyring cut by a byte", "keyring", [](std::string& bytes) { bytes.pop_back(); }},
          Case{"a keyring with a byte more", "keyring", [](std::string& bytes) { bytes += 'x'; }},
          Case{"a flipped bit in the head", "keyring", [](std::string& bytes) { bytes[21] ^= 1; }},
          Case{"a flipped bit in the salt", "keyring", [](std::string& bytes) { bytes[40] ^= 1; }},
          Case{"a flipped bit in the keys", "keyring", [](std::string& bytes) { bytes[100] ^= 1; }},
          Case{"a flipped bit in the checksum", "keyring", [](std::string& bytes) { bytes.back() ^= 1; }},
          Case{"a cut vault.db", "vault.db", [](std::string& bytes) { bytes.resize(bytes.size() - 4096); }},
          Case{"a flipped bit in vault.db", "vault.db", [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; }}}) {
        SCOPED_TRACE(c.name);
        for (const auto& [name, bytes] : intact) put_content(folder / "vault" / name, bytes);
        auto damaged = intact;
        c.damage(damaged[c.file]);
        put_content(folder / "vault" / c.file, damaged[c.file]);
        auto vault = Vault::open(folder / "vault", clock);
        const Result<void> result =
            vault ? (*vault)->unseal(key_of('m')) : Result<void>(std::unexpected(vault.error()));
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().fault, Fault::wrong_configuration) << told(result);
        EXPECT_NE(result.error().for_caller.find(c.file), std::string::npos) << told(result);
        EXPECT_EQ(files(), damaged);
    }
    for (const char* missing : {"keyring", "vault.db"}) {
        SCOPED_TRACE(missing);
        for (const auto& [name, bytes] : intact) put_content(folder / "vault" / name, bytes);
        fs::remove(folder / "vault" / missing);
        auto vault = Vault::open(folder / "vault", clock);
        const Result<void> result =
            vault ? (*vault)->unseal(key_of('m')) : Result<void>(std::unexpected(vault.error()));
        ASSERT_FALSE(result) << "a new vault was made in the place of a lost one";
        EXPECT_EQ(result.error().fault, Fault::wrong_configuration) << told(result);
        EXPECT_FALSE(fs::exists(folder / "vault" / missing));
    }
}

TEST_F(Vaults, a_passphrase_opens_what_it_made) {
    const auto phrase = [](const char* text) { return MasterKey::from_passphrase(Secret::copy_of(text)); };
    {
        auto vault = open();
        EXPECT_EQ(vault->unseal(phrase("short")).error().fault, Fault::invalid_request);
        EXPECT_TRUE(vault->is_new()) << "a refused passphrase made a vault";
        ASSERT_TRUE(vault->unseal(phrase("correct horse battery")));
        EXPECT_TRUE(vault->wants_passphrase());
        ASSERT_TRUE(vault->put("a", Secret::copy_of("1")));
    }
    auto vault = open();
    EXPECT_TRUE(vault->wants_passphrase());
    EXPECT_EQ(vault->unseal(phrase("correct horse batterx")).error().fault, Fault::unauthenticated);
    EXPECT_EQ(vault->unseal(key_of('m')).error().fault, Fault::unauthenticated);
    ASSERT_TRUE(vault->unseal(phrase("correct horse battery")));
    EXPECT_EQ(lent(*vault, "a"), "1");
    ASSERT_TRUE(vault->rotate(phrase("correct horse battery"), key_of('n')));
    EXPECT_FALSE(vault->wants_passphrase());
}

TEST_F(Vaults, rotation_changes_the_master_key_and_nothing_else) {
    auto vault = unsealed(key_of('m'));
    ASSERT_TRUE(vault->put("a", Secret::copy_of("1")));
    const std::string database_key(vault->database_key()->reveal());
    const std::string pepper(vault->pepper()->reveal());
    EXPECT_NE(database_key, pepper);
    EXPECT_EQ(database_key.size(), 32U);
    const auto lease = vault->lend("a");
    ASSERT_TRUE(vault->rotate(key_of('m'), key_of('n')));
    EXPECT_EQ(vault->state(), State::unsealed);
    EXPECT_EQ(lent(*vault, "a"), "1");
    vault->seal();
    EXPECT_EQ(vault->unseal(key_of('m')).error().fault, Fault::unauthenticated);
    ASSERT_TRUE(vault->unseal(key_of('n')));
    EXPECT_EQ(lent(*vault, "a"), "1");
    EXPECT_EQ(vault->database_key()->reveal(), database_key);
    EXPECT_EQ(vault->pepper()->reveal(), pepper);
    vault->seal();
    ASSERT_TRUE(vault->rotate(key_of('n'), key_of('o'))) << "a sealed vault can be rotated too";
    EXPECT_TRUE(vault->unseal(key_of('o')));
}

// Hunts: a keyring that opens with neither the old nor the new key after a kill at any moment of a rotation.
TEST_F(Vaults, what_waits_elsewhere_opens_after_a_restart_and_a_new_master_key_and_for_nothing_else) {
    const MasterKey first = key_of('a'), second = key_of('b');
    auto vault = unsealed(first);
    const auto locked = vault->lock_away("request 1", Secret::copy_of("the text"));
    ASSERT_TRUE(locked) << told(locked);
    EXPECT_EQ(locked->find("the text"), std::string::npos);
    EXPECT_NE(*locked, *vault->lock_away("request 1", Secret::copy_of("the text"))) << "a nonce of its own";
    EXPECT_EQ(vault->take_back("request 2", *locked).error().fault, Fault::wrong_configuration);
    ASSERT_TRUE(vault->rotate(first, second));
    vault->seal();
    EXPECT_EQ(vault->lock_away("request 1", Secret::copy_of("x")).error().fault, Fault::sealed);
    EXPECT_EQ(vault->take_back("request 1", *locked).error().fault, Fault::sealed);
    vault = unsealed(second);
    const auto back = vault->take_back("request 1", *locked);
    ASSERT_TRUE(back) << told(back);
    EXPECT_EQ(back->reveal(), "the text");
    std::string edited = *locked;
    edited.back() = static_cast<char>(edited.back() ^ 1);
    EXPECT_EQ(vault->take_back("request 1", edited).error().fault, Fault::wrong_configuration);
}

TEST_F(Vaults, a_rotation_killed_at_any_moment_leaves_the_old_or_the_new_key) {
    unsealed(key_of('0'))->put("a", Secret::copy_of("1")).value();
    int rotations_seen = 0;
    char current = '0';
    for (int round = 0; round < 40; ++round) {
        SCOPED_TRACE(round);
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto vault = open();
            for (char key = current;; key = key == '0' ? '1' : '0') {
                if (!vault->rotate(key_of(key), key_of(key == '0' ? '1' : '0'))) ::_exit(1);
                if (::write(ends[1], &key, 1) != 1) ::_exit(2);
            }
        }
        ::close(ends[1]);
        char from = 0;
        for (int i = 0; i <= round % 7; ++i) ASSERT_EQ(::read(ends[0], &from, 1), 1);
        // From here to the kill the child is somewhere inside its next rotations.
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        ::close(ends[0]);
        EXPECT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
        auto vault = open();
        ASSERT_NE(vault, nullptr);
        const bool old_fits = vault->unseal(key_of('0')).has_value();
        const bool new_fits = vault->unseal(key_of('1')).has_value();
        ASSERT_NE(old_fits, new_fits) << "exactly one of the two keys must open it";
        EXPECT_EQ(lent(*vault, "a"), "1");
        const char now = old_fits ? '0' : '1';
        rotations_seen += now != current ? 1 : 0;
        current = now;
    }
    EXPECT_GT(rotations_seen, 0);
}

// Hunts: a vault whose making was interrupted and that can neither be opened nor made.
TEST_F(Vaults, the_first_unseal_killed_at_any_moment_can_be_repeated) {
    for (int round = 0; round < 30; ++round) {
        SCOPED_TRACE(round);
        fs::remove_all(folder / "vault");
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto vault = open();
            if (::write(ends[1], "g", 1) != 1) ::_exit(2);
            ::_exit(vault->unseal(key_of('m')) ? 0 : 1);
        }
        char go = 0;
        ASSERT_EQ(::read(ends[0], &go, 1), 1);
        // Spins for a while that differs from round to round: making a vault takes some milliseconds.
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(400 * round);
        while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        ::close(ends[0]);
        ::close(ends[1]);
        auto vault = open();
        ASSERT_NE(vault, nullptr);
        const auto done = vault->unseal(key_of('m'));
        ASSERT_TRUE(done) << told(done);
        ASSERT_TRUE(vault->put("a", Secret::copy_of("1")));
    }
}

// Hunts: a provider key in plain in any file of the vault, while it is open or afterwards.
TEST_F(Vaults, no_file_has_a_secret_or_a_key_in_plain) {
    const std::string canary = "sk-canary-31415926535897932384626433832795";
    std::vector<std::string> needles = {canary, canary.substr(0, 20), std::string(32, 'm'), "CREATE TABLE"};
    const auto scan = [&] {
        for (const auto& file : fs::recursive_directory_iterator(folder / "vault")) {
            const std::string bytes = content_of(file.path());
            for (const std::string& needle : needles)
                if (bytes.find(needle) != std::string::npos) return file.path().string();
        }
        return std::string();
    };
    auto vault = unsealed(key_of('m'));
    needles.emplace_back(vault->database_key()->reveal());
    needles.emplace_back(vault->pepper()->reveal());
    ASSERT_TRUE(vault->put("canary", Secret::copy_of(canary)));
    EXPECT_EQ(scan(), "");
    ASSERT_TRUE(vault->rotate(key_of('m'), key_of('n')));
    ASSERT_TRUE(vault->remove("canary"));
    EXPECT_EQ(scan(), "");
    vault.reset();
    EXPECT_EQ(scan(), "");
}

TEST_F(Vaults, lending_goes_on_while_secrets_change_and_the_vault_is_sealed) {
    const MasterKey master = key_of('m');
    auto vault = unsealed(master);
    ASSERT_TRUE(vault->put("a", Secret::copy_of("first")));
    std::atomic<bool> stop = false;
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            while (!stop) {
                const std::string value = lent(*vault, "a");
                if (value != "first" && value != "second" && value != "sealed") ++wrong;
            }
        });
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(vault->put("a", Secret::copy_of(i % 2 == 0 ? "second" : "first")));
        if (i % 5 == 4) {
            vault->seal();
            EXPECT_TRUE(vault->unseal(master));
        }
    }
    stop = true;
    threads.clear();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace bursar::vault
