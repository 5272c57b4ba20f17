#include "auth/oidc/http.h"

namespace bursar::oidc {

Http by_curl() {
    return [](const HttpRequest& request) -> Result<HttpAnswer> {
        return fail(Fault::not_implemented, "Providers of identities are not connected yet.", request.url);
    };
}

}  // namespace bursar::oidc
