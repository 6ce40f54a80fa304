using System.Text;
using Events.Commands.Reservations;
using Events.Workers.Exports;
using Events.Workers.Files;

namespace Events.Workers.Imports.Running;

/// <summary>The rows with problems as a CSV that people can fetch.</summary>
internal sealed class ImportReport(ImportTable imports, FileStore files)
{
    /// <returns>Null when there is nothing to report.</returns>
    public async Task<StoredFile?> WriteAsync(ImportRecord import, CancellationToken ct)
    {
        if ((await imports.ProblemsAsync(import.Tenant, import.Id, 0, -1, ct)).Count == 0)
            return null;
        return await files.WriteAsync(
            import.Tenant,
            ReservedName.StreamOf($"import-report:{import.Id:n}"),
            import.RequestedBy,
            $"{Path.GetFileNameWithoutExtension(import.FileName)} problems.csv",
            "text/csv",
            FilePurpose.Report,
            $"import:{import.Id:D}",
            (stream, token) => WriteAsync(import, stream, token),
            ct);
    }

    private async Task WriteAsync(ImportRecord import, Stream stream, CancellationToken ct)
    {
        await using var csv = new CsvWriter(stream);
        csv.WriteRow(["row", "line", "column", "severity", "code", "detail"]);
        var (row, ordinal) = (0L, -1);
        while (await imports.ProblemsAsync(import.Tenant, import.Id, row, ordinal, ct) is { Count: > 0 } page)
        {
            foreach (var (problem, _, fatal) in page)
                csv.WriteRow([$"{problem.Row}", $"{problem.Line}", problem.Column, fatal ? "error" : "warning", problem.Code, problem.Detail]);
            await csv.FlushAsync(ct);
            (row, ordinal) = (page[^1].Problem.Row, page[^1].Ordinal);
        }
    }
}
