using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Events.Platform.ObjectStorage;
using Shouldly;
using Xunit;

namespace Events.Platform.Tests.ObjectStorage;

/// <summary>What every object store does; run against each of them.</summary>
public abstract class ObjectStoreContract
{
    private static readonly ObjectKey Key = ObjectKey.Parse("w1/files/a.csv");

    protected abstract IObjectStore Store { get; }

    /// <summary>Sends a presigned request the way a browser would.</summary>
    protected abstract Task<HttpResponseMessage> SendAsync(PresignedRequest request, HttpContent? body, RangeHeaderValue? range);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_written_is_read_back_with_its_size_and_checksum()
    {
        var bytes = Encoding.UTF8.GetBytes("Grüße, 世界");
        var written = await Store.WriteAsync(Key, "text/plain", (stream, ct) => stream.WriteAsync(bytes, ct).AsTask(), Ct);
        written.ShouldBe(new WrittenObject(bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        (await ReadAsync(Key, 0)).ShouldBe(bytes);
        (await Store.StatAsync(Key, Ct))!.Size.ShouldBe(bytes.Length);
    }

    [Fact]
    public async Task A_read_may_start_in_the_middle_or_at_the_end()
    {
        await Store.WriteAsync(Key, "text/plain", (stream, ct) => stream.WriteAsync("0123456789"u8.ToArray(), ct).AsTask(), Ct);
        Encoding.ASCII.GetString(await ReadAsync(Key, 7)).ShouldBe("789");
        (await ReadAsync(Key, 10)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Many_megabytes_of_unknown_size_go_through_in_parts()
    {
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var key = ObjectKey.Parse("w1/large.bin");
        var written = await Store.WriteAsync(key, "application/octet-stream", async (stream, ct) =>
        {
            for (var i = 0; i < 17; i++)
            {
                await stream.WriteAsync(block, ct);
                expected.AppendData(block);
            }
        }, Ct);
        written.Size.ShouldBe(17 << 20);
        written.Sha256.ShouldBe(Convert.ToHexStringLower(expected.GetCurrentHash()));
        SHA256.HashData(await ReadAsync(key, 0)).ShouldBe(expected.GetCurrentHash());
    }

    [Fact]
    public async Task A_write_that_fails_half_way_leaves_what_was_there()
    {
        await Store.WriteAsync(Key, "text/plain", (stream, ct) => stream.WriteAsync("before"u8.ToArray(), ct).AsTask(), Ct);
        await Should.ThrowAsync<InvalidDataException>(() => Store.WriteAsync(Key, "text/plain", async (stream, ct) =>
        {
            await stream.WriteAsync(new byte[9 << 20], ct);
            throw new InvalidDataException("half way");
        }, Ct));
        Encoding.ASCII.GetString(await ReadAsync(Key, 0)).ShouldBe("before");
    }

    [Fact]
    public async Task What_is_not_there_is_null_and_deleting_it_is_no_error()
    {
        var missing = ObjectKey.Parse("w1/none/such");
        (await Store.StatAsync(missing, Ct)).ShouldBeNull();
        (await Store.OpenReadAsync(missing, 0, Ct)).ShouldBeNull();
        await Store.DeleteAsync(missing, Ct);
    }

    [Fact]
    public async Task A_listing_holds_one_prefix_and_a_deleted_object_is_gone_from_it()
    {
        foreach (var name in (string[])["list/a/1", "list/a/2", "list/ab/3"])
            await Store.WriteAsync(ObjectKey.Parse(name), "text/plain", (stream, ct) => stream.WriteAsync("x"u8.ToArray(), ct).AsTask(), Ct);
        await Store.DeleteAsync(ObjectKey.Parse("list/a/1"), Ct);
        var found = await Store.ListAsync("list/a", Ct).Select(o => o.Key.Value).ToListAsync(Ct);
        found.ShouldBe(["list/a/2"]);
    }

    [Fact]
    public async Task An_upload_and_a_download_go_by_link_ranges_included()
    {
        var key = ObjectKey.Parse("w1/upload.csv");
        var upload = await Store.PresignUploadAsync(key, new UploadTerms(10, "text/csv"), TimeSpan.FromMinutes(5), Ct);
        using var put = await SendAsync(upload, new ByteArrayContent("0123456789"u8.ToArray()), null);
        put.StatusCode.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Created);

        var download = await Store.PresignDownloadAsync(key, new DownloadTerms("../naïve \"name\".csv", "text/csv"), TimeSpan.FromMinutes(5), Ct);
        using var whole = await SendAsync(download, null, null);
        (await whole.Content.ReadAsStringAsync(Ct)).ShouldBe("0123456789");
        whole.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        whole.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        whole.Content.Headers.ContentDisposition!.FileNameStar.ShouldBe("naïve \"name\".csv");

        using var part = await SendAsync(download, null, new RangeHeaderValue(4, 6));
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsStringAsync(Ct)).ShouldBe("456");
    }

    [Fact]
    public async Task A_link_for_one_object_opens_no_other()
    {
        await Store.WriteAsync(Key, "text/plain", (stream, ct) => stream.WriteAsync("secret"u8.ToArray(), ct).AsTask(), Ct);
        var other = await Store.PresignDownloadAsync(ObjectKey.Parse("w1/files/b.csv"), new DownloadTerms("b", "text/plain"), TimeSpan.FromMinutes(5), Ct);
        var forged = other with { Url = new Uri(other.Url.ToString().Replace("b.csv", "a.csv", StringComparison.Ordinal), UriKind.RelativeOrAbsolute) };
        using var answer = await SendAsync(forged, null, null);
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private async Task<byte[]> ReadAsync(ObjectKey key, long offset)
    {
        await using var stream = (await Store.OpenReadAsync(key, offset, Ct)).ShouldNotBeNull();
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, Ct);
        return copy.ToArray();
    }
}
