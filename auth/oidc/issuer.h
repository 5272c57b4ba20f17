#pragma once

#include "auth/directory.h"
#include "auth/oidc/flight.h"
#include "auth/oidc/http.h"
#include "auth/oidc/jwks.h"
#include "auth/oidc/metadata.h"
#include "service/base/clock.h"
#include "service/base/snapshot.h"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bursar::oidc {

/// An answer that is kept until `old_at`.
template <typename T>
struct Kept {
    T what;
    Moment fetched_at;
    Moment old_at;
};

/// An issuer as we know it: its document and its keys, each kept for as long as it allows. Any thread.
class Issuer {
  public:
    using Document = std::shared_ptr<const Kept<Metadata>>;
    using Keys = std::shared_ptr<const Kept<KeySet>>;
    struct Place {
        std::string issuer;
        std::string jwks_uri;  ///< empty: by discovery
        std::string ca;
    };
    /// `clock` must outlive it.
    Issuer(Place place, Http http, const Clock& clock);

    /// Blocking when what is kept is old or nothing is; directory_unavailable.
    Result<Document> document();
    Result<Keys> keys();
    /// `seen` lacks a key: fetches once more, but at most once in refetch_every; else gives what there is.
    Result<Keys> keys_after(const Keys& seen);
    /// Parses and verifies the signature, with one more look at the keys for a `kid` that is new. Blocking.
    Result<Jwt> read(std::string_view compact, std::span<const Algorithm> allowed);

    /// From memory; null if there is none.
    Document document_at_hand() const { return document_.get(); }
    Keys keys_at_hand() const { return keys_.get(); }

    /// Asks, with this issuer's CA, and remembers how that went.
    Result<HttpAnswer> ask(HttpRequest request);
    auth::DirectoryHealth health() const { return *health_.get(); }
    const std::string& name() const { return place_.issuer; }
    const Clock& clock() const { return clock_; }

  private:
    Result<Document> fetch_document();
    Result<Keys> fetch_keys();
    void note(const std::optional<Error>& wrong);

    const Place place_;
    const Http http_;
    const Clock& clock_;
    SnapshotCell<Kept<Metadata>> document_{nullptr};
    SnapshotCell<Kept<KeySet>> keys_{nullptr};
    SnapshotCell<auth::DirectoryHealth> health_;
    Flight<Document> document_flight_;
    Flight<Keys> keys_flight_;
    Mutex mutex_;
    std::optional<Moment> fetched_again_at_ GUARDED_BY(mutex_);
};

inline constexpr std::chrono::seconds refetch_every{60};

}  // namespace bursar::oidc
