/* SPDX-License-Identifier: Apache-2.0
 *
 * A radio for tests, as a SoapySDR module (their registry exists in C++ only):
 *
 *   driver=mwloop,file=PATH[,speed=N][,lose=BLOCK]  receives the cs16 samples of a file, N times as
 *                                       fast as their rate (default: as fast as they are read);
 *                                       instead of the given block of 4096 an overflow is told
 *   driver=mwloop                       receives what it transmits, later by nothing
 *   driver=mwloop,out=PATH[,fault=late|underrun|broken|untimed]  receives silence as fast as time
 *                                       passes; each write goes to the file: its time in ns (-1:
 *                                       none), frequency in Hz, number of samples, cf32 samples
 *
 * SOAPY_SDR_PLUGIN_PATH must name the folder of the module.
 */
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Errors.hpp>
#include <SoapySDR/Formats.hpp>
#include <SoapySDR/Registry.hpp>
#include <algorithm>
#include <chrono>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

class Loopback : public SoapySDR::Device {
  public:
    explicit Loopback(const SoapySDR::Kwargs &args) {
        auto file = args.find("file");
        if (file != args.end() && (input = std::fopen(file->second.c_str(), "rb")) == nullptr)
            throw std::runtime_error("no such recording: " + file->second);
        auto given = args.find("speed");
        speed = given == args.end() ? 0 : std::stod(given->second);
        auto out = args.find("out");
        if (out != args.end() && (output = std::fopen(out->second.c_str(), "ab")) == nullptr)
            throw std::runtime_error("cannot be written: " + out->second);
        given = args.find("fault");
        fault = given == args.end() ? "" : given->second;
        given = args.find("lose");
        lose = given == args.end() ? -1 : std::stol(given->second);
    }
    Loopback(const Loopback &) = delete;
    Loopback &operator=(const Loopback &) = delete;
    ~Loopback() override {
        if (input != nullptr)
            std::fclose(input);
        if (output != nullptr)
            std::fclose(output);
    }
    std::string getDriverKey() const override {
        return "mwloop";
    }
    size_t getNumChannels(const int) const override {
        return 1;
    }
    void setSampleRate(const int, const size_t, const double wanted) override {
        rate = wanted > 20e6 ? 20e6 : wanted;
    }
    double getSampleRate(const int, const size_t) const override {
        return rate;
    }
    void setFrequency(const int direction, const size_t, const double hz,
                      const SoapySDR::Kwargs &) override {
        if (hz < 1e6 || hz > 6e9)
            throw std::runtime_error("out of tuning range");
        if (direction == SOAPY_SDR_TX)
            transmit_hz = hz;
    }
    std::string getNativeStreamFormat(const int, const size_t, double &full_scale) const override {
        full_scale = 32768;
        return SOAPY_SDR_CS16;
    }
    SoapySDR::Stream *setupStream(const int direction, const std::string &,
                                  const std::vector<size_t> &, const SoapySDR::Kwargs &) override {
        return reinterpret_cast<SoapySDR::Stream *>(direction == SOAPY_SDR_RX ? &receive
                                                                              : &transmit);
    }
    int activateStream(SoapySDR::Stream *stream, const int, const long long,
                       const size_t) override {
        if (stream == reinterpret_cast<SoapySDR::Stream *>(&transmit))
            return 0;
        begun = std::chrono::steady_clock::now();
        return 0;
    }
    int readStream(SoapySDR::Stream *, void *const *buffers, const size_t n, int &flags,
                   long long &time_ns, const long timeout_us) override {
        auto *out = static_cast<int16_t *>(buffers[0]);
        size_t want = n < 4096 ? n : 4096;
        flags = SOAPY_SDR_HAS_TIME;
        time_ns = static_cast<long long>(static_cast<double>(count) * 1e9 / rate);
        if (output != nullptr)
            return readSilence(out, want, flags);
        if (input == nullptr)
            return readBack(out, want, timeout_us);
        if (blocks++ == lose) {
            std::vector<int16_t> gone(2 * want);
            count += std::fread(gone.data(), 4, want, input);
            return SOAPY_SDR_OVERFLOW;
        }
        size_t got = std::fread(out, 4, want, input);
        if (got == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(timeout_us));
            return SOAPY_SDR_TIMEOUT;
        }
        count += got;
        if (speed > 0)
            std::this_thread::sleep_until(begun +
                                          std::chrono::nanoseconds(static_cast<long long>(
                                              static_cast<double>(count) * 1e9 / rate / speed)));
        return static_cast<int>(got);
    }
    int writeStream(SoapySDR::Stream *, const void *const *buffers, const size_t n, int &flags,
                    const long long time_ns, const long) override {
        auto *in = static_cast<const std::complex<float> *>(buffers[0]);
        if (fault == "broken")
            return SOAPY_SDR_STREAM_ERROR;
        if (output != nullptr) {
            int64_t head[3] = {(flags & SOAPY_SDR_HAS_TIME) != 0 ? time_ns : -1,
                               static_cast<int64_t>(transmit_hz), static_cast<int64_t>(n)};
            std::fwrite(head, sizeof head, 1, output);
            std::fwrite(in, sizeof *in, n, output);
            std::fflush(output);
            return static_cast<int>(n);
        }
        air.insert(air.end(), in, in + n);
        return static_cast<int>(n);
    }

    int readStreamStatus(SoapySDR::Stream *, size_t &, int &, long long &, const long) override {
        int told = fault == "late"       ? SOAPY_SDR_TIME_ERROR
                   : fault == "underrun" ? SOAPY_SDR_UNDERFLOW
                                         : SOAPY_SDR_TIMEOUT;
        if (told == SOAPY_SDR_UNDERFLOW)
            fault = ""; /* once */
        return told;
    }

  private:
    int readSilence(int16_t *out, size_t want, int &flags) {
        count += want;
        std::this_thread::sleep_until(begun + std::chrono::nanoseconds(static_cast<long long>(
                                                  static_cast<double>(count) * 1e9 / rate)));
        std::fill(out, out + 2 * want, static_cast<int16_t>(0));
        if (fault == "untimed")
            flags = 0;
        return static_cast<int>(want);
    }
    int readBack(int16_t *out, size_t want, long timeout_us) {
        if (air.empty()) {
            std::this_thread::sleep_for(std::chrono::microseconds(timeout_us));
            return SOAPY_SDR_TIMEOUT;
        }
        size_t n = 0;
        for (; n < want && !air.empty(); n++) {
            out[2 * n] = static_cast<int16_t>(air.front().real() * 32767.0F);
            out[2 * n + 1] = static_cast<int16_t>(air.front().imag() * 32767.0F);
            air.pop_front();
        }
        count += n;
        return static_cast<int>(n);
    }
    std::FILE *input = nullptr;
    std::FILE *output = nullptr;
    std::string fault;
    double transmit_hz = 0;
    double speed = 0;
    double rate = 250000;
    long lose = -1;
    long blocks = 0;
    uint64_t count = 0;
    int receive = 0;
    int transmit = 0;
    std::deque<std::complex<float>> air;
    std::chrono::steady_clock::time_point begun;
};

SoapySDR::KwargsList findLoopback(const SoapySDR::Kwargs &args) {
    auto driver = args.find("driver");
    if (driver == args.end() || driver->second != "mwloop")
        return {};
    return {args};
}

SoapySDR::Device *makeLoopback(const SoapySDR::Kwargs &args) {
    return new Loopback(args);
}

const SoapySDR::Registry registration("mwloop", &findLoopback, &makeLoopback,
                                      SOAPY_SDR_ABI_VERSION);

} // namespace
