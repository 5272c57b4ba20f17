#pragma once

#include <string>

namespace bursar::auth {

/// Who let a program in, and how they had signed in: for the session that follows.
struct Approval {
    std::string person;
    std::string way;
    std::string provider_session;
    std::string provider_subject = {};
    std::string session;  ///< of who approved: it must not be over when the program comes for its tokens
};

}  // namespace bursar::auth
