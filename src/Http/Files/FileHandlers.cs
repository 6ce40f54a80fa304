using System.Net.Http.Headers;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Commanding;
using Events.Http.Idempotency;
using Events.Http.Problems;
using Events.Platform.ObjectStorage;
using Events.Workers.Files;

namespace Events.Http.Files;

/// <summary>Files: announced here, their bytes go to and come from the object store by the links given out here.</summary>
public sealed class FileHandlers(FileStore files, EventAppender appender)
{
    public async Task AnnounceAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var file = problem is null ? body!.Bind(NewFile.Shape, out problem) : null;
            var key = problem is null ? IdempotencyKey.Read(http, caller, body!.Bytes, out problem) : null;
            problem ??= Check(file!);
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }
            try
            {
                var (announced, upload) = await files.AnnounceAsync(
                    caller.Tenant, caller.Actor, file!.Name, file.Size, file.ContentType, file.Sha256?.ToLowerInvariant(), http.RequestAborted);
                var answer = new StoredAnswer(201, $"/api/v1/files/{announced.Id}", null, Announced(http, announced, upload));
                if (key is not null)
                {
                    var outcome = await appender.AppendAsync(
                        new UnitOfWork(caller.Tenant, []) { Idempotency = new IdempotencyRecord(key.Key, key.Hash, answer) }, CancellationToken.None);
                    if (outcome is AppendOutcome.IdempotencyKeyReused reused)
                    {
                        await http.Response.WriteAsync(Refusals.Of(new Events.Commands.Handling.CommandResult<StoredFile>.KeyReused(reused.Key)));
                        return;
                    }
                    // The file announced a moment ago is swept like any that is never uploaded.
                    if (outcome is AppendOutcome.Replayed replayed)
                    {
                        http.Response.Headers["Idempotency-Replayed"] = "true";
                        answer = replayed.Answer;
                    }
                }
                await WriteAsync(http, answer);
            }
            catch (ObjectRefusedException refused)
            {
                await http.Response.WriteAsync(Problem.OfField(
                    refused.Code == "too_large" ? 413 : 415, refused.Code, refused.Message, refused.Code == "too_large" ? "/size" : "/contentType"));
            }
        }
    }

    public async Task GetAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id)
            || await files.FindAsync(caller.Tenant, id, http.RequestAborted) is not { } file
            || !caller.Sees(file))
        {
            await http.Response.WriteAsync(Problem.NotFound("There is no such file."));
            return;
        }
        var arrived = await files.HasArrivedAsync(file, http.RequestAborted);
        var link = arrived ? await files.LinkAsync(file, http.RequestAborted) : null;
        http.Response.Headers.CacheControl = "no-store";
        await WriteAsync(http, new StoredAnswer(200, null, null, JsonBytes.Render((this, http, file, link), static (json, x) =>
        {
            json.WriteStartObject();
            WriteMembers(json, x.file);
            json.WriteString("state"u8, x.link is null ? "waiting" : "stored");
            if (x.link is { } download)
            {
                json.WriteStartObject("download"u8);
                json.WriteString("url"u8, x.Item1.Absolute(x.http, download.Url));
                json.WriteString("expiresAt"u8, download.ExpiresAt.UtcDateTime);
                json.WriteEndObject();
            }
            else
            {
                json.WriteNull("download"u8);
            }
            json.WriteEndObject();
        })));
    }

    private byte[] Announced(HttpContext http, StoredFile file, PresignedRequest upload) => JsonBytes.Render((this, http, file, upload), static (json, x) =>
    {
        json.WriteStartObject();
        WriteMembers(json, x.file);
        json.WriteString("state"u8, "waiting");
        json.WriteStartObject("upload"u8);
        json.WriteString("method"u8, x.upload.Method);
        json.WriteString("url"u8, x.Item1.Absolute(x.http, x.upload.Url));
        json.WriteStartObject("headers"u8);
        foreach (var (name, value) in x.upload.Headers)
            json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteString("expiresAt"u8, x.upload.ExpiresAt.UtcDateTime);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void WriteMembers(System.Text.Json.Utf8JsonWriter json, StoredFile file)
    {
        json.WriteString("id"u8, file.Id);
        json.WriteString("name"u8, file.Name);
        json.WriteNumber("size"u8, file.Size);
        json.WriteString("contentType"u8, file.ContentType);
        json.WriteString("sha256"u8, file.Sha256);
        json.WriteString("purpose"u8, FileTable.Wire(file.Purpose));
        json.WriteString("createdAt"u8, file.CreatedAt.UtcDateTime);
    }

    /// <summary>The local store's links are relative to wherever the caller has reached the API.</summary>
    private string Absolute(HttpContext http, Uri url) =>
        url.IsAbsoluteUri ? url.AbsoluteUri : new Uri(files.Options.PublicUrl ?? new Uri($"{http.Request.Scheme}://{http.Request.Host}"), url).AbsoluteUri;

    private static Problem? Check(NewFile file)
    {
        if (string.IsNullOrWhiteSpace(file.Name))
            return Problem.OfField(400, "invalid_request", "It must not be empty.", "/name", "required");
        if (!MediaTypeHeaderValue.TryParse(file.ContentType, out var type) || type.MediaType is null)
            return Problem.OfField(400, "invalid_request", "It must be a media type such as text/csv.", "/contentType", "malformed_media_type");
        return file.Sha256 is { } sha256 && (sha256.Length != 64 || !sha256.All(char.IsAsciiHexDigit))
            ? Problem.OfField(400, "invalid_request", "It must be 64 hexadecimal digits.", "/sha256", "malformed_checksum")
            : null;
    }

    private static async Task WriteAsync(HttpContext http, StoredAnswer answer)
    {
        http.Response.StatusCode = answer.Status;
        if (answer.Location is not null)
            http.Response.Headers.Location = answer.Location;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Body.Length;
        await http.Response.BodyWriter.WriteAsync(answer.Body);
    }
}
