#include "auth/oidc/words.h"

#include "service/base/json.h"

namespace bursar::oidc {

std::unexpected<Error> not_signed_in(std::string why) {
    return fail(Fault::unauthenticated,
                "The sign-in did not succeed. Start it again from the sign-in page; if that does not help, ask whoever "
                "runs Bursar here to look at its log.",
                std::move(why));
}

std::unexpected<Error> not_accepted(std::string why) {
    return fail(Fault::unauthenticated,
                "This token is not accepted. Show a current one of the issuer that is set up for this gateway.",
                std::move(why));
}

std::unexpected<Error> not_available(std::string why) {
    return fail(Fault::directory_unavailable,
                "The company's sign-in service does not answer as it should. Try again in a minute; if that does not "
                "help, ask whoever runs Bursar here.",
                std::move(why));
}

std::string in_quotes(std::string_view text) {
    std::string out;
    append_json_string(out, text.substr(0, quoted_bytes_max));
    return out;
}

}  // namespace bursar::oidc
