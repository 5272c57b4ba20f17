#pragma once

#include "auth/ldap/channel.h"
#include "auth/ldap/failure.h"
#include "auth/ldap/trust.h"
#include "service/base/clock.h"
#include "service/base/secret.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::ldap {

/// An entry as a server tells of it; names of attributes are in small letters, values are bytes.
struct Entry {
    std::string dn;
    std::map<std::string, std::vector<std::string>, std::less<>> values;
    /// Attributes of which the server has kept some back, and the index of the next value (Active Directory's ranges).
    std::map<std::string, std::size_t, std::less<>> cut;

    const std::vector<std::string>& all(std::string_view attribute) const;
    /// The first value; empty if there is none.
    std::string_view first(std::string_view attribute) const;
};

enum class Scope : std::uint8_t { base, subtree };

struct Ask {
    std::string base;
    Scope scope = Scope::subtree;
    std::string filter;
    std::vector<std::string> attributes;
    int page_size = 0;            ///< 0: not in pages
    std::string cookie;           ///< where the page before has ended
    std::size_t entries_max = 0;  ///< 0: the protocol's own limits; else the rest is not waited for
    std::size_t bytes_max = 0;
};

struct Page {
    std::vector<Entry> entries;
    std::vector<std::string> references;  ///< other servers that the answer names; never followed
    std::string cookie;                   ///< empty: this was the last one
    std::size_t bytes = 0;
    bool cut_short = false;  ///< there are more than entries_max
};

/// What a server says to a name and a password.
struct BindAnswer {
    int code = 0;
    std::string diagnostic;
    std::string policy;        ///< what the password policy control says; empty without one
    bool must_change = false;  ///< the password is right and may be used for nothing but its change
};

/// How far the way to a server went, for tests of it.
struct Way {
    bool reached = false;
    bool secured = false;
    Chain chain;
    std::string protocol;
};

/// One connection to one server, inside TLS from before the first name or password. For one thread at a time.
class Connection {
  public:
    static Outcome<std::unique_ptr<Connection>> open(const Server& server, const Trust& trust, Timestamp now,
                                                     Deadline deadline, Way& way);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    const Server& server() const;
    /// A failure only if there is no answer; "no" is an answer. Neither name nor password may be empty.
    Outcome<BindAnswer> bind(std::string_view dn, const Secret& password, Deadline deadline);
    /// The server's word for who is bound (RFC 4532): "dn:uid=…" or "u:CORP\alice"; empty if it does not know the
    /// question.
    Outcome<std::string> who_am_i(Deadline deadline);
    /// One search. Anything but a whole answer is a Failure.
    Outcome<Page> ask(const Ask& what, Deadline deadline);

  private:
    struct Handle;
    explicit Connection(std::unique_ptr<Handle> handle);
    std::unique_ptr<Handle> handle_;
};

/// "invalid credentials (49)" and the like.
std::string name_of_code(int code);

}  // namespace bursar::ldap
