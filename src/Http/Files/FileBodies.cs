using Events.Http.Bodies;

namespace Events.Http.Files;

public sealed class NewFile
{
    public const int MaxName = 200;

    public string Name { get; set; } = "";

    public long Size { get; set; }

    public string ContentType { get; set; } = "";

    public string? Sha256 { get; set; }

    public static BodyShape<NewFile> Shape { get; } = new BodyShape<NewFile>
    {
        Example = """{"name":"issues.csv","size":1564042,"contentType":"text/csv"}""",
    }
        .Text("name", (f, v) => f.Name = v!, MaxName, required: true)
        .Integer("size", (f, v) => f.Size = v!.Value, 0, 5L << 40, required: true)
        .Text("contentType", (f, v) => f.ContentType = v!, 200, required: true)
        .Text("sha256", (f, v) => f.Sha256 = v, 64, nullable: true);
}
