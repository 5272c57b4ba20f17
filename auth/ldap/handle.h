#pragma once

#include "auth/ldap/connection.h"

#include <memory>
#include <string>

struct ldap;
struct ldapmsg;

namespace bursar::ldap {

struct FreeMessage {
    void operator()(ldapmsg* message) const;
};
using Message = std::unique_ptr<ldapmsg, FreeMessage>;

/// A server's last word on a request.
struct Verdict {
    int code = 0;
    std::string diagnostic;
    std::string cookie;  ///< of the control for pages
    bool paged = false;
    std::string policy;
    bool must_change = false;
};

/// libldap's handle over a channel of ours.
struct Connection::Handle {
    Server server;
    std::unique_ptr<Channel> channel;
    ::ldap* session = nullptr;
    /// libldap would connect anew by itself after a fault; nothing more is asked of this handle.
    bool dead = false;

    ~Handle();
    Outcome<void> set_up();
    Outcome<void> upgrade(const Trust& trust, Deadline deadline);
    Outcome<Message> wait(int id, Deadline deadline);
    Outcome<Verdict> verdict(Message message);
    Outcome<void> usable(Deadline deadline);
    std::unexpected<Failure> gone(int code);
};

}  // namespace bursar::ldap
