using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Events.Platform.ObjectStorage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Events.Platform.Tests.ObjectStorage;

public sealed class LocalStorageFixture : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("events-objects-").FullName;
    private WebApplication? server;

    public ManualTime Time { get; } = new();

    public string Folder => folder;

    public LocalObjectStore Store { get; private set; } = null!;

    public HttpClient Client { get; } = new();

    public async ValueTask InitializeAsync()
    {
        var signer = new LinkSigner(RandomNumberGenerator.GetBytes(32), Time);
        Store = new LocalObjectStore(folder, signer, Time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        server = builder.Build();
        server.MapLocalStorage(Store, signer);
        await server.StartAsync(TestContext.Current.CancellationToken);
        Client.BaseAddress = new Uri(server.Urls.Single());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (server is not null)
            await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public sealed class ManualTime : TimeProvider
    {
        private TimeSpan ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;

        public void Advance(TimeSpan by) => ahead += by;
    }
}

public sealed class Local_object_store(LocalStorageFixture fixture) : ObjectStoreContract, IClassFixture<LocalStorageFixture>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected override IObjectStore Store => fixture.Store;

    protected override async Task<HttpResponseMessage> SendAsync(PresignedRequest request, HttpContent? body, RangeHeaderValue? range)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), request.Url) { Content = body };
        foreach (var (name, value) in request.Headers)
            body?.Headers.TryAddWithoutValidation(name, value);
        message.Headers.Range = range;
        return await fixture.Client.SendAsync(message, Ct);
    }

    [Fact]
    public async Task A_link_ends_when_its_time_is_over()
    {
        var link = await Store.PresignUploadAsync(ObjectKey.Parse("w1/late"), new UploadTerms(1, "text/plain"), TimeSpan.FromMinutes(5), Ct);
        fixture.Time.Advance(TimeSpan.FromMinutes(5));
        using var answer = await SendAsync(link, new ByteArrayContent([1]), null);
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Every_term_of_a_link_is_signed()
    {
        var link = await Store.PresignUploadAsync(ObjectKey.Parse("w1/terms"), new UploadTerms(1, "text/plain"), TimeSpan.FromMinutes(5), Ct);
        foreach (var (from, to) in ((string, string)[])[("size=1", "size=2"), ("text%2Fplain", "text%2Fhtml"), ("expires=", "expires=9"), ("name=", "name=x")])
        {
            var forged = link with { Url = new Uri(link.Url.ToString().Replace(from, to, StringComparison.Ordinal), UriKind.Relative) };
            using var answer = await SendAsync(forged, new ByteArrayContent([1, 2]), null);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden, from);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public async Task Another_size_than_the_link_says_is_refused_and_nothing_is_kept(int size)
    {
        var key = ObjectKey.Parse("w1/sized");
        var link = await Store.PresignUploadAsync(key, new UploadTerms(5, "text/plain"), TimeSpan.FromMinutes(5), Ct);
        using var known = await SendAsync(link, new ByteArrayContent(new byte[size]), null);
        known.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var chunked = await SendAsync(link, new StreamContent(new Unseekable(new byte[size])), null);
        chunked.StatusCode.ShouldBeOneOf(HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge);
        (await Store.StatAsync(key, Ct)).ShouldBeNull();
        Directory.GetFiles(Path.Combine(fixture.Folder, "partial")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Other_bytes_than_the_declared_checksum_are_refused()
    {
        var key = ObjectKey.Parse("w1/checked");
        var sha256 = Convert.ToHexStringLower(SHA256.HashData([1]));
        var link = await Store.PresignUploadAsync(key, new UploadTerms(1, "text/plain", sha256), TimeSpan.FromMinutes(5), Ct);
        using var wrong = await SendAsync(link, new ByteArrayContent([2]), null);
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var right = await SendAsync(link, new ByteArrayContent([1]), null);
        right.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a\\b")]
    [InlineData(".hidden")]
    [InlineData("a/.")]
    [InlineData("A")]
    [InlineData("a\0b")]
    [InlineData("")]
    public void A_name_that_could_leave_the_folder_is_not_a_key(string name) => ObjectKey.TryParse(name, out _).ShouldBeFalse();

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("C:\\temp\\plan.csv", "plan.csv")]
    [InlineData("\u202Egpj.exe", "gpj.exe")]
    [InlineData("a\r\nSet-Cookie: x", "aSet-Cookie: x")]
    [InlineData("...", "file")]
    [InlineData("日本.csv", "日本.csv")]
    public void A_file_name_is_cleaned_before_anyone_sees_it(string given, string cleaned) => ContentDisposition.Clean(given).ShouldBe(cleaned);

    private sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
