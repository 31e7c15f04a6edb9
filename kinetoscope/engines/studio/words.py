"""The words by which prompts name places, hours, weather, styles, subjects and props."""

from __future__ import annotations

import re
from collections.abc import Mapping


def table(rows: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    """Prepare rows of words to be looked for."""
    return {name: re.compile(words) for name, words in rows.items()}


_ENDS = (
    "in|on|at|under|by|with|but|and|while|as|over|through|from|to|near|beside|where|is|are|im|am"
    "|auf|mit|und|dans|sur|avec|et|en|con|y"
)
NEGATED = re.compile(
    r"\b(?:no|without|never|nor|free of|empty of|devoid of|ohne|kein(?:e[nrms]?)?|sans"
    r"|pas d[e'’]|sin(?= gente|persona|coche|barco|animal|nieve|lluvia|texto|nubes))"
    rf"(?:(?:\s+|(?<=['’]))(?!(?:{_ENDS})\b)[\w'’-]+){{1,4}}"
    r"|\b(?:nobody|no-one|niemand|personne\b|nadie)"
    r"|(?:没有|没|无)(?:任何)?\w{1,2}"
)
"""What a sentence says is not to be there."""

# Latin words begin at a word's edge; Chinese has none. The first row that is found wins.
PLACES = table(
    {
        "table": r"\b(still life|table-?top|(on|at|by|over) (a|an|the|my|our) ([\w-]+ ){0,3}"
        r"(table|desk|counter|window ?sill|shelf)\b|(cup|mug) of|coffee cup|tea ?cup"
        r"|vase of|bouquet|bowl of|stack of books|steaming (cup|mug|coffee|tea)"
        r"|nature morte|stillleben|bodegón|(sur|à) (la|une) table|auf (dem|einem) tisch"
        r"|(sobre|en) (la|una) mesa)"
        r"|静物|桌上|咖啡杯",
        "deep": r"\b(underwater|under (the )?(water|sea|ocean)|coral|reefs?\b|sea ?bed|sea ?floor"
        r"|ocean floor|deep (sea|ocean)|scuba|snorkel|aquarium|kelp|jelly ?fish|mermaid"
        r"|submarine|unter ?wasser|sous l.eau|bajo el agua)|水下|海底|珊瑚",
        "alien": r"\b(alien (planet|world|landscape)|another world|other planet|distant planet"
        r"|exoplanet|strange ([\w-]+ )?(planet|world)|two (moons|suns)|planète|planeta)|外星|星球",
        "galaxy": r"\b(galax(y|ies)|nebulas?|nebulae|milky way(?! (over|above|behind|in))"
        r"|cosmos|universe|supernova|black hole"
        r"|galaxie|galaxia)|银河|星系|星云",
        "space": r"\b(outer space|(in|through|into|from) space\b|deep space|space station|satellite"
        r"|orbiting|(?<!red )planets?\b|asteroids?|saturn|jupiter"
        r"|the earth from|(above|over|around) (the )?earth\b|planet earth|weltraum|espace\b"
        r"|espacio)|太空|宇宙",
        "city": r"\b(city|cities|street|downtown|skyscraper|skyline|neon|cyberpunk|tokyo"
        r"|new york|paris"
        r"|london|urban|alley|traffic|metropolis|stadt|stra(ss|ß)e|ville\b|rue\b|ciudad|calle)"
        r"|城市|街|都市|霓虹",
        "forest": r"\b(forest|woods?\b|woodland|pines?\b|jungle|campfire|enchanted|wald|for[êe]t"
        r"|bosque|selva)"
        r"|森林|树林|竹林",
        "clouds": r"\b((above|through|in|among) the clouds|sea of clouds|cloud ?scape|heaven"
        r"|skydiv|airplane"
        r"|airliner|\bplane\b|thunder(head|cloud)|über den wolken|wolken|nuages|nubes)|云海|云上",
        "islands": r"\b(islands?|tropical|beach|coast|lagoon|palms?\b|insel|strand|plage|île"
        r"|isla\b|playa)"
        r"|海滩|沙滩|岛",
        "ocean": r"\b(ocean|seas?\b|waves?\b|sail|(long)?ships?\b|boats?\b|yacht|harbou?r|whale"
        r"|dolphin|surf|shark"
        r"|meer|ozean"
        r"|welle|mer\b|océan|océano|mar\b|olas?\b|voilier|velero|segel)|海|船|鲸",
        "lake": r"\b(lakes?\b|lochs?\b|fjord|rivers?\b|reflection|swan|see\b(?= )|fluss|lac\b"
        r"|rivière"
        r"|lago|río)|湖|河",
        "snow": r"\b(snowy (mountain|peak|land|field|plain|village)|tundra|blizzard|iceland"
        r"|greenland|arctic|antarctic|glacier|winter"
        r"|ice\b|icy"
        r"|iceberg|penguin|polar|skiing|schnee|neige|nieve)|雪|冰",
        "desert": r"\b(desert|dunes?|sahara|sand\b|sandstorm|camel|oasis|wüste|désert|desierto"
        r"|dune)|沙漠",
        "canyon": r"\b(canyon|mesa\b|cliffs?|western|cowboy|badlands|schlucht|cañón|falaise)|峡谷",
        "mars": r"\b(mars\b|martian|red planet|rover|moon surface|space ?ship|astronaut)"
        r"|火星|宇航员",
        "mountains": r"\b(mountains?|peaks?\b|alps|alpine|himalaya|valley|hik(e|er|ing)|summit"
        r"|volcano|berge?\b"
        r"|gebirge|montagne|montaña|cumbre|dragon|eagle)|山|龙|鹰",
        "hills": r"\b(hills?|meadow|grass|fields?\b|farm|countryside|park\b|garden|spring\b"
        r"|hügel|wiese"
        r"|colline|prairie|jardin|colina|prado|campo)|草原|田野|花园",
    }
)
# Where something of which there is no picture may feel at home: a place and a time.
KINDRED = table(
    {
        "city night": r"\b(tech|computer|data\b|ai\b|artificial|future|futuristic|startup"
        r"|logo|factory"
        r"|machine|quantum|cyber|hacker|music|guitar|piano|drum|concert|club\b|disco|danc"
        r"|party|dj\b"
        r"|ramen|sushi|noodle|pizza|burger|cook|chef|fashion"
        r"|night ?life|detective|crime)|科技|电脑|音乐|餐",
        "city day": r"\b(office|business|meeting|school|students?\b|teacher|shop|store"
        r"|market|bus\b|taxi"
        r"|bicycle|skateboard|news|hospital|doctor)|办公|学校",
        "table sunrise": r"\b(coffee|tea\b|breakfast|cup\b|mug\b|kitchen|living room|bedroom"
        r"|interior|indoors?|room\b|desk\b|table\b|book\b|read(ing|s)\b|poem|fruit|apples?\b"
        r"|oranges?\b|banana|bread|cake|flowers?\b|tulips?|roses?\b)|咖啡|茶|花",
        "table night": r"\b(cafe|café|restaurant|candles?|wine\b|dinner|bar\b|cozy|cosy)|烛",
        "lake sunrise": r"\b(yoga|meditat|calm|peace|relax|spa\b)",
        "islands sunset": r"\b(love|wedding|romanc|romantic|heart|kiss|bride|cocktail"
        r"|ice cream"
        r"|mango|pineapple|holiday|vacation|perfume)|爱|婚",
        "forest night": r"\b(dream|ghost|witch|fairy|elf\b|elves|magic|spell|halloween"
        r"|vampire|horror"
        r"|monster|secret|mystery|lantern)|梦|鬼|魔",
        "canyon day": r"\b(dinosaur|t-?rex|ancient|ruins|temple|pyramid|egypt|rome\b|roman|gold\b"
        r"|treasure|adventure|motorcycle)|恐龙",
        "mountains storm": r"\b(battle|war\b|warrior|army|viking|sword|hero|superhero"
        r"|explosion|epic"
        r"|giant|king\b|queen)|战",
        "snow day": r"\b(christmas|santa|reindeer|snowman|ski\b|skate|hockey|diamond|crystal)|圣诞",
        "hills day": r"\b(sunflower|butterfl|bees?\b|baby|toys?\b"
        r"|cute|football"
        r"|soccer|golf|picnic|cheese|honey|easter|summer|play|mother|father|family"
        r"|grandm|grandf|smil|laugh|happy)|宝宝|快乐",
        "clouds sunrise": r"\b(angel|god\b|freedom|hope\b|wings?\b|kite|parachut|bubble"
        r"|feather)|天使",
    }
)
TIMES = table(
    {
        "sunrise": r"\b(sunrise|sun rises|rising sun|dawn|morning|daybreak|sonnenaufgang"
        r"|morgen|lever du soleil|aube"
        r"|amanecer)"
        r"|日出|清晨|早晨",
        "sunset": r"\b(sunset|sun sets|setting sun|golden hour|golden|sundown"
        r"|sonnenuntergang|coucher|atardecer"
        r"|puesta de sol)"
        r"|日落|夕阳|黄昏",
        "dusk": r"\b(dusk|twilight|blue hour|evening|dämmerung|abend|crépuscule|anochecer)|傍晚|暮",
        "night": r"\b(night|midnight|milky way|moon(lit|light)?\b|stars\b|starry|neon|cyberpunk"
        r"|aurora"
        r"|northern lights"
        r"|fireworks?|nacht|nuit|noche)|夜|星空|月",
        "storm": r"\b(storm|overcast|gloomy|thunder|gr[ea]y sky|lightning|sturm|gewitter|orage"
        r"|tempête"
        r"|tormenta)|风暴|阴天|雷",
        "day": r"\b(day\b|daylight|noon|sunny|bright|afternoon|tag\b|jour\b|día\b)|白天|阳光",
    }
)
WEATHER = table(
    {
        "fog": r"\b(fog|mist|haze|hazy|nebel|brouillard|brume|niebla)|雾",
        "rain": r"\b(rain|downpour|drizzl|thunderstorm|regen|pluie|lluvia)|雨",
        "snow": r"\b(snow(ing|fall|flakes?|storm)|snows\b|(to|let it) snow\b|blizzard"
        r"|snow (falls|falling|starts|begins)|(falling|gentle|light) snow\b(?![- ](cap|cover|clad))"
        r"|(in|under|through) (the )?(heavy "
        r"|fresh )?snow(?![- ](cap|cover|clad))"
        r"|heavy snow|snowy (forest|pine|woods|day|night|street|village|evening|city)|schneit"
        r"|neige tombe)|下雪|雪花",
        "fireflies": r"\b(firefl|magic|spark|enchant|fairy|glühwürm|luciole|luciérnaga)|萤火虫",
        "embers": r"\b(embers?\b|fire\b|campfire|bonfire|burn(?!ing (sun|sand|heat|desert))"
        r"|lava|volcan|flames?"
        r"|feuer|feu\b|fuego)|火焰|篝火",
        "lightning": r"\b(lightning|thunder\w*|blitz|gewitter|orage|éclairs?|relámpago)|闪电|雷",
        "sweep": r"\b(light (sweep|leak|rays?|beams?)|sweep of light|sun ?(rays?|beams?)|god ?rays?"
        r"|lens flare|gleam|glint|shimmer)|光线|光束",
        "dust": r"\b(dust(?!bin)|sunbeam|motes)|尘",
        "aurora": r"\b(aurora|northern lights|polarlicht)|极光",
        "fireworks": r"\b(fireworks?|feuerwerk|feux? d.artifice)|烟花",
    }
)
STYLES = table(
    {
        "woodblock": r"\b(ukiyo|wood ?(block|cut)|hokusai|hiroshige|linocut|holzschnitt"
        r"|gravure sur bois|xilograf)|浮世绘|木版画",
        "ink": r"\b(ink\b|sumi|calligraphy|tusche)|水墨",
        "watercolour": r"\b(water ?colou?r|aquarell|aquarelle|acuarela)|水彩",
        "starry": r"\b(van gogh|starry night)|梵高",
        "impressionist": r"\b(impressionis|monet\b|renoir|pastels?\b(?! colou?r)"
        r"|soft pastel|impresionis)|印象派|莫奈",
        "crayon": r"\b(colou?red pencils?|crayons?\b|chalk drawing|buntstift"
        r"|crayons de couleur|lápices de colores)|彩铅|蜡笔",
        "sketch": r"\b(pencil|sketch|charcoal drawing|bleistift|croquis|boceto)|素描",
        "comic": r"\b(comics?\b|comic[- ]?(book|strip|style)|graphic novel|pop[- ]art"
        r"|half-?tones?|lichtenstein|bande dessinée|tebeo|historieta)|漫画|波普",
        "oil": r"\b(oil painting|oils\b|oil on canvas|painting\b|painted|gemälde|peinture"
        r"|pintura)|油画",
        "noir": r"\b(noir|black and white|monochrome|schwarz-?wei(ss|ß)|noir et blanc)|黑白",
        "vintage": r"\b(vintage|super ?8|old film|retro|sepia|1920s|silent film)|复古",
        "toon": r"\b(anime|cartoon|ghibli|cel[- ]shaded|dessin animé|zeichentrick)|动漫|卡通",
    }
)
MIXED = frozenset({"crayon", "impressionist", "starry", "watercolour", "woodblock"})
"""Styles of which a painter mixes two; all others stand alone."""

FLIGHT = re.compile(r"\b(fly|flight|aerial|drone|soar|flug|survol|vuelo)|航拍|飞行")

SUBJECTS = table(
    {
        "polar bear": r"\b(polar bear|eisbär)s?|北极熊",
        "astronaut": r"\b(astronaut|cosmonaut|spaceman)|宇航员",
        "balloon": r"\b(balloon|hot[- ]air|heissluftballon|ballon|montgolfière|globo)|热气球",
        "sailboat": r"\b(sail ?boat|sailing( ship)?|boats?\b|yacht|segel(boot|schiff)?|voilier"
        r"|velero|barco)|帆船|小船|船",
        "ship": r"\b(ships?\b|steamer|ferry|cruise|schiff|bateau)|轮船",
        "lighthouse": r"\b(lighthouse|leuchtturm|phare|faro\b)|灯塔",
        "castle": r"\b(castle|palace|fortress|schloss|burg\b|château|castillo)|城堡",
        "rocket": r"\b(rocket|launch|rakete|fusée|cohete)|火箭",
        "saucer": r"\b(ufo|flying saucer|alien ship|spaceship|starship|raumschiff)|飞碟|飞船",
        "plane": r"\b(airplane|aeroplane|airliner|plane\b|jet\b|flugzeug|avion|avión)|飞机",
        "train": r"\b(train\b|locomotive|railway|zug\b|tren\b)|火车",
        "car": r"\b(car\b|cars\b|automobile|sports car|driving|roadster|auto\b|voiture|coche\b)"
        r"|汽车|跑车",
        "robot": r"\b(robots?\b|android|roboter)|机器人",
        "dragon": r"\b(dragons?\b|drachen?|dragón)|(?<!恐)龙(?!卷)",
        "eagle": r"\b(eagles?|hawk|falcon|condor|adler|aigle|águila)|鹰",
        "gull": r"\b((sea ?)?gulls?\b|möwen?\b|mouettes?\b|gaviotas?\b)|海鸥",
        "bird": r"\b(birds?\b|crows?\b|geese|doves?\b|swallows?\b(?! (an?|the|up|its?)\b)|owl"
        r"|parrot|vogel|vögel"
        r"|oiseau|pájaro)|(?<!烈)鸟",
        "whale": r"\b(whales?|orca|wale?\b|baleine|ballena)|鲸鱼?",
        "dolphin": r"\b(dolphins?|delphin|delfín|dauphin)|海豚",
        "shark": r"\b(sharks?|hai\b|requin|tiburón)|鲨",
        "fish": r"\b(fish(es)?\b|koi|goldfish|salmon|fisch|poisson|pez\b)|(?<![鳄章美人])鱼",
        "fox": r"\b(fox(es)?\b|fuchs|renard|zorro)|狐狸",
        "wolf": r"\b(wolf|wolves|loup\b|lobo)|狼",
        "deer": r"\b(deer|stag|elk|moose|reindeer|antelope|hirsch|reh\b|cerf|ciervo)|鹿",
        "horse": r"\b(horses?\b|stallion|pony|unicorn|pferd|cheva(l|ux)|caballo)"
        r"|(?<![斑河])马(?![路戏])",
        "zebra": r"\b(zebras?)|斑马",
        "elephant": r"\b(elephants?|mammoth|elefant|éléphant)|大象",
        "giraffe": r"\b(giraffes?|jirafa)|长颈鹿",
        "camel": r"\b(camels?|kamele?|chameau|camello)|骆驼",
        "lion": r"\b(lions?\b|lioness|löwe|león)|狮子",
        "tiger": r"\b(tigers?|tigre|leopard|panther|jaguar)|老虎",
        "bear": r"\b(bears?\b|grizzly|panda|bär\b|ours\b|oso\b)|熊",
        "cow": r"\b(cows?\b|cattle|bull\b|bison|kuh\b|vache|vaca)|(?<!犀)牛(?!仔)",
        "sheep": r"\b(sheep|lamb|goats?\b|schaf|mouton|oveja)|羊",
        "dog": r"\b(dogs?\b|pupp(y|ies)|husky|corgi|retriever|hund\b|chien|perro)|狗",
        "cat": r"\b(cats?\b|kitten|katze|chat\b|gato)|(?<!熊)猫",
        "rabbit": r"\b(rabbits?|bunny|hare\b|hase\b|lapin|conejo)|兔",
        "hiker": r"\b(hikers?|hiking|travell?er|explorer|wanderer|backpack|climber|monks?\b"
        r"|randonneur)|旅人|徒步",
        "child": r"\b(child|children|kids?\b|boy\b|girl\b|kind\b|junge|mädchen|enfant|niñ[oa])"
        r"|孩子|男孩|女孩",
        "person": r"\b(person|people|m[ae]n\b|wom[ae]n\b|figure|walker|runner|dancer|someone"
        r"|couple|samurai|knight"
        r"|detective|wizard|mann\b|frau\b|homme|femme|hombre|mujer|persona)|(?<![机器雪])人(?!鱼)|男子|女子",
        "house": r"\b(house|cabin|cottage|hut\b|barn|haus\b|hütte|maison|casa)|房子|小屋",
        "palm": r"\b(palm( tree)?s?\b|palme|palmier|palmera)|棕榈",
        "tree": r"\b(lone tree|oak\b|a tree\b|tree of|cherry tree|baum\b|arbre|árbol)|树(?!林)",
    }
)
PROPS = table(
    {
        "candle": r"\b(candles?|kerze|bougie|vela\b)|烛",
        "flowers": r"\b(flowers?|bouquet|vase|tulips?|roses?\b|daisies|blumen|fleurs?|flores)|花",
        "fruit": r"\b(fruits?|apples?|oranges?\b|lemons?|pears?\b|banana|bowl of|obst)|水果",
        "books": r"\b(books?\b|novels?|library|read(ing|s)\b|bücher|livres?|libros?)|书",
        "cup": r"",
    }
)
