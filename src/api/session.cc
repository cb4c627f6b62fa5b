#include "thalweg/session.h"

#include "api/engine.h"

namespace thalweg {

struct Session::Impl {
  explicit Impl(const SessionOptions& options) : engine(system_env(), options) {}
  Engine engine;
};

std::string_view version() { return "0.1.0"; }

Session::Session(SessionOptions options) : impl_(std::make_unique<Impl>(options)) {}
Session::~Session() = default;

RunReport Session::execute(const Script& script, ResultReceiver& receiver) {
  return impl_->engine.execute(script, receiver);
}

std::vector<Problem> Session::validate(const Script& script) {
  return impl_->engine.validate(script);
}

Explanation Session::explain(const Script& script, ExplainOptions options) {
  return impl_->engine.explain(script, options);
}

void Session::request_stop() { impl_->engine.request_stop(); }
RunProgress Session::progress() const { return impl_->engine.progress(); }

void Session::set_options(const SessionOptions& options) { impl_->engine.options() = options; }
const SessionOptions& Session::options() const { return impl_->engine.options(); }

}  // namespace thalweg
