-- Files of /many/, drawn by Zipf's law: the n-th most popular is asked for 1/n as often as the
-- first.
-- The draw is made before the load begins, the same one each time.
local files, draws = 10000, 65536

function init()
   local sum, limits = 0, {}
   for rank = 1, files do
      sum = sum + 1 / rank
      limits[rank] = sum
   end
   math.randomseed(4)
   requests = {}
   for draw = 1, draws do
      local point, low, high = math.random() * sum, 1, files
      while low < high do
         local middle = math.floor((low + high) / 2)
         if limits[middle] < point then low = middle + 1 else high = middle end
      end
      -- What is popular is scattered over the directory.
      requests[draw] = wrk.format(nil, string.format("/many/%05d.html", low * 7919 % files))
   end
   position = 0
end

function request()
   position = position % draws + 1
   return requests[position]
end
