"""What every backend of `CacheStore` does; a backend's tests derive from it and give their store as a fixture."""

from concurrent.futures import ThreadPoolExecutor

from millrace.steps import OUTPUT_LIMIT_BYTES, CacheEntry, CacheKey, CacheStore

KEY = CacheKey("a" * 64)
OTHER = CacheKey("b" * 64)
START = 1_800_000_000.25


def entry(output: bytes = b'{"a":1}', *, stored_at: float = START, seconds: float = 60) -> CacheEntry:
    return CacheEntry(output, stored_at, stored_at + seconds)


class CacheStoreContract:
    def test_an_entry_is_given_back_as_it_was_kept(self, store: CacheStore) -> None:
        store.put(KEY, entry())
        assert store.get(KEY, START) == entry()

    def test_a_key_that_was_never_kept_has_no_entry(self, store: CacheStore) -> None:
        assert store.get(KEY, START) is None
        store.put(OTHER, entry())
        assert store.get(KEY, START) is None

    def test_an_entry_is_used_until_it_expires(self, store: CacheStore) -> None:
        store.put(KEY, entry(seconds=60))
        assert store.get(KEY, START + 59.5) is not None
        assert store.get(KEY, START + 60) is None

    def test_the_last_entry_of_a_key_is_the_one(self, store: CacheStore) -> None:
        store.put(KEY, entry(b"1"))
        store.put(KEY, entry(b"2", stored_at=START + 1))
        assert store.get(KEY, START + 2) == entry(b"2", stored_at=START + 1)

    def test_an_expired_entry_can_be_replaced(self, store: CacheStore) -> None:
        store.put(KEY, entry(b"1"))
        store.put(KEY, entry(b"2", stored_at=START + 100))
        assert store.get(KEY, START + 101) == entry(b"2", stored_at=START + 100)

    def test_the_largest_output_is_kept_byte_by_byte(self, store: CacheStore) -> None:
        output = '"é"'.encode() + b" " * (OUTPUT_LIMIT_BYTES - 4)
        store.put(KEY, entry(output))
        assert store.get(KEY, START) == entry(output)

    def test_threads_share_it(self, store: CacheStore) -> None:
        def work(number: int) -> None:
            for turn in range(10):
                key = CacheKey(f"{turn % 3:064}")
                store.put(key, entry(str(number).encode()))
                found = store.get(key, START)
                assert found is not None
                assert found.output in {b"0", b"1", b"2", b"3"}

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(work, range(4))) == [None] * 4
