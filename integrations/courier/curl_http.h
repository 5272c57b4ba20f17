#pragma once

#include "integrations/courier/curl_loop.h"
#include "integrations/courier/http.h"

namespace bursar::courier {

/// By libcurl.
class CurlHttp final : public Http {
  public:
    explicit CurlHttp(CurlLoop& loop) : loop_(loop) {}
    void exchange(HttpRequest request, std::function<void(Answer)> done) override;

  private:
    CurlLoop& loop_;
};

}  // namespace bursar::courier
