#pragma once

#include "tests/unit/oidc/fake_provider.h"

#include <gtest/gtest.h>

namespace bursar::oidc::testing {

/// A sign-in from the first click to the identity, with a place where a test can change it.
class SignInTest : public ::testing::Test {
  public:
    struct Way {
        FakeProvider& provider;
        Options options;
        Pending pending;
        Redirected redirected;
    };
    /// Before anything is asked, and again when the browser has come back.
    using Change = std::function<void(Way&)>;

  protected:
    Result<std::unique_ptr<Client>> make(const Options& options) {
        return Client::make(
            options, []() -> Result<Secret> { return Secret::copy_of("s3cret:/+ü"); }, provider_.http(), clock_);
    }
    Result<Identity> sign_in(const Change& before = {}, const Change& after = {}) {
        Way way{.provider = provider_, .options = provider_.options(), .pending = {}, .redirected = {}};
        if (before) before(way);
        auto client = make(way.options);
        if (!client) return std::unexpected(client.error());
        client_ = *std::move(client);
        auto begun = client_->begin(callback, "");
        if (!begun) return std::unexpected(begun.error());
        way.pending = std::move(begun->pending);
        way.redirected = {.code = "a-code", .state = begun->state, .issuer = {}, .error = {}, .error_description = {}};
        provider_.claims["nonce"] = text_of(way.pending.nonce);
        if (after) after(way);
        return client_->finish(way.pending, way.redirected);
    }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    FakeProvider provider_{clock_};
    std::unique_ptr<Client> client_;
};

}  // namespace bursar::oidc::testing
