//! What a test sees and sets of the data that workers share.

use crate::host::Host;

impl Host {
    /// A value of the data that the workers share, under the host's [`vm_id`](crate::HostBuilder::vm_id). `None` if nobody has
    /// set it.
    pub fn shared_data(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let process = self.process();
        process.shared_data.get(&process.settings.vm_id, key.as_ref())
    }

    /// Sets a value of the data that the workers share, as another VM of the proxy with the same `vm_id` may.
    pub fn set_shared_data(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let process = self.process();
        process.shared_data.set(&process.settings.vm_id, key.as_ref(), value.as_ref());
    }

    /// Lets another worker be faster the next time that the extension sets this value: it sets it right before, and what
    /// the extension compares with is not there any more. Several calls are for several times.
    ///
    /// ```no_run
    /// use waxwing_testing::{Host, Request};
    /// # fn run<Counter: waxwing::Module>() {
    ///
    /// let host = Host::builder::<Counter>().start();
    /// host.race_shared_data("hits", 7_u64.to_le_bytes());
    /// host.exchange(Request::get("/"));
    /// assert_eq!(host.shared_data("hits").unwrap(), 8_u64.to_le_bytes());
    /// # }
    /// ```
    pub fn race_shared_data(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let process = self.process();
        process.shared_data.race(&process.settings.vm_id, key.as_ref(), value.as_ref());
    }
}
